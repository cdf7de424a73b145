"""`docs/rejected-rows.md` lists exactly the codes and flags that the program can give."""

from __future__ import annotations

import re
from pathlib import Path

from ecid.declarations import flags
from ecid.declarations.rejections import reasons, rejected

DOCS = Path(__file__).parents[2] / "docs" / "rejected-rows.md"


def test_codes_and_flags_are_documented_and_exist() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", DOCS.read_text("utf-8"), re.MULTILINE)
    exist = [*reasons(), *(name for name in vars(flags) if name.isupper())]
    assert sorted(listed) == sorted(exist)


def test_flags_are_their_own_names() -> None:
    assert all(value == name for name, value in vars(flags).items() if name.isupper())


def test_sentences_take_hostile_text() -> None:
    for code in reasons():
        row = rejected(3, code, "a.csv", text="{0!r:>99999999}\n" * 9, first=1, last=2, where="b.csv")
        assert row.code == code
        assert row.zh
        assert row.en
        assert len(row.en) < 400
