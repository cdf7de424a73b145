"""The pack: reading, checking, and the real one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ecid.errors import UnreadableFile
from ecid.knowledge.pack import read_pack, read_pack_lines
from ecid.knowledge.pack_check import check_pack
from ecid.tariff.model import Edition, Element, Nomenclature, TariffLine

PACK = Path(__file__).parents[2] / "knowledge"
GOOD = """
chapter = "85"
[[line]]
code = "85076000"
name = { zh = "锂电池", en = "Lithium-ion accumulators" }
path = ["蓄电池"]
units = ["007", "035"]
classification = ["用途", "电极材质（锂离子等）"]
price = ["品牌", "型号"]
other = ["GTIN码"]
"""


def _pack(folder: Path, text: str, name: str = "85.toml") -> Path:
    (folder / "tariff").mkdir(exist_ok=True)
    (folder / "tariff" / name).write_text(text, "utf-8")
    return folder


def test_a_line_of_the_pack(tmp_path: Path) -> None:
    edition = read_pack(_pack(tmp_path, GOOD))
    assert (edition.id, edition.complete, edition.valid_from, edition.valid_to) == ("pack-2025", False, date(2025, 1, 1), date(2025, 12, 31))
    line = edition.lines["85076000"]
    assert (line.name, line.name_en, line.path, line.units) == ("锂电池", "Lithium-ion accumulators", ("蓄电池",), ("007", "035"))
    assert [(e.number, e.label, e.purpose[0]) for e in line.elements] == [
        (1, "用途", "c"),
        (2, "电极材质（锂离子等）", "c"),
        (3, "品牌", "p"),
        (4, "型号", "p"),
        (5, "GTIN码", "o"),
    ]


def test_an_explicit_order(tmp_path: Path) -> None:
    edition = read_pack(_pack(tmp_path, GOOD + 'order = ["用途", "品牌", "电极材质（锂离子等）", "型号", "GTIN码"]\n'))
    assert [(e.number, e.purpose[0]) for e in edition.lines["85076000"].elements] == [(1, "c"), (2, "p"), (3, "c"), (4, "p"), (5, "o")]


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    first = read_pack(_pack(tmp_path, GOOD)).sha256
    assert read_pack(tmp_path).sha256 == first
    assert read_pack(_pack(tmp_path, GOOD + "# a word more\n")).sha256 != first


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("chapter = ", "no proper file"),
        ("[[line]]\ncode = '85076000'\n", "chapter"),
        (GOOD.replace('"85076000"', "85076000"), "eight digits"),
        (GOOD.replace('"85076000"', '"8507600"'), "eight digits"),
        (GOOD.replace("price =", "prices ="), "unknown key prices"),
        (GOOD.replace('{ zh = "锂电池", en', "{ en"), "zh"),
        (GOOD.replace('["蓄电池"]', '"蓄电池"'), "no list"),
        (GOOD + 'order = ["用途"]\n', "order"),
        (GOOD + GOOD.replace('chapter = "85"', ""), "stands twice"),
    ],
)
def test_what_is_no_line_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read_pack(_pack(tmp_path, text))


def _official(*labels: tuple[str, str], known: bool = True, code: str = "85076000") -> Edition:
    elements = tuple(Element(n, label, purpose) for n, (label, purpose) in enumerate(labels, start=1))  # type: ignore[arg-type]
    lines = {code: TariffLine(code, "锂离子蓄电池", elements=elements, elements_known=known)}
    return Edition("cn-2025", "t", date(2025, 1, 1), date(2025, 12, 31), True, "s", "h", lines)


C, P, X = "classification", "price", "other"
SAME = (("用途", C), ("电极材质（铅酸、锂离子等）", C), ("品牌（中文或外文名称）", P), ("型号", P), ("GTIN码", X))


@pytest.mark.parametrize(
    ("official", "slugs"),
    [
        (_official(*SAME), []),
        (_official(known=False), []),
        (_official(*SAME, code="85072000"), ["unknown_code"]),
        (_official(*SAME[:4]), ["element_count"]),
        (_official(SAME[0], SAME[2], SAME[1], *SAME[3:]), ["element_order"]),
        (_official(("容量", C), *SAME[1:]), ["element_label"]),
    ],
)
def test_the_pack_against_the_official_edition(tmp_path: Path, official: Edition, slugs: list[str]) -> None:
    findings = check_pack(read_pack_lines(_pack(tmp_path, GOOD)), [official])
    assert [(finding.file, finding.code, finding.slug) for finding in findings] == [("85.toml", "85076000", slug) for slug in slugs]


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        (GOOD, []),
        (GOOD + GOOD.replace('chapter = "85"', ""), ["duplicate_code"]),
        (GOOD.replace('"85"', '"84"'), ["wrong_chapter"]),
        (GOOD.replace('"锂电池"', '" "'), ["no_name"]),
        (GOOD.replace('["蓄电池"]', "[]"), ["no_path"]),
        (GOOD.replace('"GTIN码"', '""'), ["no_elements"]),
        (GOOD.replace("85076000", "85079900"), ["unknown_subheading"]),
    ],
)
def test_the_pack_alone(tmp_path: Path, text: str, slugs: list[str]) -> None:
    nomenclature = Nomenclature("hs-2022", "HS", date(2022, 1, 1), date(2027, 12, 31), "en", "s", "h", {"850760": "Lithium-ion"})
    assert [finding.slug for finding in check_pack(read_pack_lines(_pack(tmp_path, text)), (), [nomenclature])] == slugs


def test_the_shipped_pack_is_in_order() -> None:
    assert check_pack(read_pack_lines(PACK)) == []
    assert len(read_pack(PACK).lines) > 400
