"""Reading descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.errors import Language
from ecid.knowledge.candidates.goods import MAX_CHARS, read_goods

CASES = yaml.safe_load((Path(__file__).parent / "goods.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:20] for case in CASES])
def test_what_is_read(case: dict[str, Any]) -> None:
    goods = read_goods(case["text"], case["lang"])
    assert goods.name == case["name"]
    assert list(goods.labels) == case["labels"]
    lowered = goods.text.lower()
    assert [part for part in case["kept"] if part.lower() not in lowered] == []
    assert [part for part in case["gone"] if part.lower() in lowered] == []


@given(st.text(max_size=80), st.sampled_from(["zh", "en"]))
def test_any_text_is_read(text: str, lang: Language) -> None:
    assert len(read_goods(text, lang).name) <= MAX_CHARS


def test_a_text_without_end_is_cut() -> None:
    assert len(read_goods("锂电池" * 100_000, "zh").text) <= MAX_CHARS


@pytest.mark.parametrize(
    ("text", "lang", "is_part"),
    [("挖掘机配件", "zh", True), ("挖掘机", "zh", False), ("excavator spare parts", "en", True), ("party hat", "en", False)],
)
def test_parts_say_so(text: str, lang: Language, is_part: bool) -> None:
    assert read_goods(text, lang).is_part is is_part


@pytest.mark.parametrize(
    ("text", "lang", "head"),
    [
        ("挖掘机用履带板", "zh", "履带板"),
        ("工业用缝纫机用针", "zh", "缝纫机用针"),
        ("家用电饭煲", "zh", "电饭煲"),
        ("宠物用品", "zh", "宠物用品"),
        ("leather boot upper", "en", "boot upper"),
        ("mug", "en", "mug"),
    ],
)
def test_the_head_is_what_the_goods_are(text: str, lang: Language, head: str) -> None:
    assert read_goods(text, lang).head == head
