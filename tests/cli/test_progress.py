"""The bar of a long command says what is being done: reading, scoring, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text

from ecid.cli.progress import steps_of
from ecid.errors import Language


@pytest.mark.parametrize(("lang", "said"), [("zh", ("读取", "评分", "写出 [b]out[b].pdf")), ("en", ("reading", "scoring", "writing [b]out[b].pdf"))])
def test_steps_are_named_one_after_the_other(lang: Language, said: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"x" * 100)
    with steps_of([tmp_path / "in.csv"], lang) as steps:
        shown = []
        for done in (40, 100):
            steps.read(done)
            shown.append((Text.from_markup(steps.bar.tasks[0].description).plain, steps.bar.tasks[0].completed))
        steps.writing(Path("[b]out[b].pdf"))
        shown.append((Text.from_markup(steps.bar.tasks[0].description).plain, steps.bar.tasks[0].completed))
    assert shown == list(zip(said, (40, 100, 100), strict=True))
