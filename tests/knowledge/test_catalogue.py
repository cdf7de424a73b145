"""The catalogue's pages, rows and cells, on made-up print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.knowledge.catalogue.document import CatalogueReader, chinese_number
from ecid.knowledge.catalogue.elements import PURPOSES, compose, read_elements
from ecid.knowledge.catalogue.grid import read_grid
from ecid.knowledge.catalogue.lines import code_depth
from ecid.tariff.model import Element
from tests.knowledge.conftest import print_page

HERE = Path(__file__).parent
PRINTED = yaml.safe_load((HERE / "catalogue_pages.yaml").read_text("utf-8"))
CELLS = yaml.safe_load((HERE / "elements.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: case["name"])
def test_printed_pages(case: dict[str, Any]) -> None:
    reader = CatalogueReader()
    for number, items in enumerate(case["pages"], start=1):
        for item in read_grid(print_page(number, items)):
            reader.add(item)
    lines, notes = reader.close()
    assert reader.year == case.get("year")
    assert {code: _summary(line, wanted) for (code, line), wanted in zip(lines.items(), case["lines"].values(), strict=True)} == case["lines"]
    assert [place for place, _, _ in reader.findings] == case.get("findings", [])
    if "notes" in case:
        assert [[note.kind, note.number, note.title, note.text] for note in notes] == case["notes"]


def _summary(line: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    labels = [element.label for element in line.elements] if line.elements_known else None
    found = {"name": line.name, "path": list(line.path), "elements": labels}
    return found | ({"ref": line.source_ref} if "ref" in wanted else {})


@pytest.mark.parametrize("case", CELLS, ids=lambda case: " | ".join(case["cells"]))
def test_cells(case: dict[str, Any]) -> None:
    assert [[element.number, element.label, element.purpose[0]] for element in read_elements(case["cells"])] == case["elements"]


LABEL = st.text("用途材质（）、品牌GTIN0123456789℃%", min_size=1, max_size=12).filter(lambda text: not text[0].isdigit() and text[-1] not in "）：")


@given(st.lists(st.tuples(LABEL, st.sampled_from(PURPOSES)), max_size=9))
def test_what_is_composed_is_read_back(parts: list[tuple[str, Any]]) -> None:
    parts.sort(key=lambda part: PURPOSES.index(part[1]))
    elements = tuple(Element(number, label, purpose) for number, (label, purpose) in enumerate(parts, start=1))
    assert read_elements([compose(elements, purpose) for purpose in PURPOSES]) == elements


@given(st.tuples(*[st.text(max_size=40)] * 3))
def test_any_text_can_stand_in_a_cell(cells: tuple[str, str, str]) -> None:
    for element in read_elements(cells):
        assert element.label
        assert any(element.label in cell for cell in cells)


def test_a_catalogue_without_all_chapters_is_not_whole() -> None:
    reader = CatalogueReader()
    for item in read_grid(print_page(1, PRINTED[0]["pages"][0])):
        reader.add(item)
    reader.close()
    missing = [en for _, en in reader.missing()]
    assert missing[:2] == ["section 2", "section 3"]
    assert missing[-1] == "chapter 97"
    assert "chapter 1" not in missing
    assert "chapter 77" not in missing


def test_a_page_that_was_missed_is_listed() -> None:
    reader = CatalogueReader()
    reader.miss(7)
    assert (reader.missed, [(place, zh.partition("，")[0]) for place, zh, _ in reader.findings]) == ([7], [("p. 7", "此页无法读取或空白")])


@pytest.mark.parametrize(("text", "number"), [("一", 1), ("九", 9), ("十", 10), ("十一", 11), ("二十", 20), ("二十一", 21), ("九十七", 97)])
def test_chinese_numbers(text: str, number: int) -> None:
    assert chinese_number(text) == number


@pytest.mark.parametrize(
    ("code", "depth"), [("27160000", 0), ("01019000", 1), ("01012100", 2), ("01013010", 3), ("02071311", 4), ("85300001", 4), ("10000000", 0)]
)
def test_depth_of_a_code(code: str, depth: int) -> None:
    assert code_depth(code) == depth
