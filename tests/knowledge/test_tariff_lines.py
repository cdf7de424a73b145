"""Tables of tariff lines: what becomes of each row, and what the tariff and the score know afterwards. The cases stand in `tariff_lines.yaml`."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid import bootstrap
from ecid.cli.main import program
from ecid.errors import EcidError
from ecid.knowledge import store
from ecid.knowledge.imported import Imported, SourceFile
from ecid.knowledge.importers.cell_values import code_of
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.registry import read_reference
from ecid.knowledge.tables import find_table
from ecid.services.import_knowledge import KNOWLEDGE, import_files, loaded
from ecid.tariff.model import Edition, Element, Marks, TariffLine
from ecid.tariff.reference import Tariff
from tests.declarations.xlsx import write_sheets

CASES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "tariff_lines.yaml").read_text("utf-8"))
PACK = Path(__file__).parents[2] / "knowledge"
DAY = date(2025, 6, 30)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
HS_2022 = hs_versions()[-1]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    find_table.cache_clear()


def _source(folder: Path, case: dict[str, Any]) -> SourceFile:
    path = folder / case["name"]
    if "workbook" in case:
        write_sheets(path, case["workbook"])
    else:
        path.write_bytes(case["text"].encode(case.get("encoding", "utf-8")))
    return SourceFile.of(path)


def _edition(imported: Imported) -> Edition:
    edition = imported.datasets[0]
    assert isinstance(edition, Edition)
    return edition


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_table_of_lines(tmp_path: Path, case: dict[str, Any]) -> None:
    file = _source(tmp_path, case)
    if "error" in case:
        with pytest.raises(EcidError) as error:
            read_reference(file)
        assert case["error"] in str(error.value)
        return
    importer, imported = read_reference(file)
    edition = _edition(imported)
    assert (importer.id, edition.id, edition.complete) == ("cn-lines/2", f"{case['id']}-{file.sha256[:8]}", False)
    found = {code: _described(line) for code, line in edition.lines.items()}
    assert found == case["lines"]
    for code, purposes in case.get("purposes", {}).items():
        assert [element.purpose for element in edition.lines[code].elements] == purposes
    marks = {item.mark: dict(item.codes) for item in imported.datasets[1:] if isinstance(item, Marks)}
    assert marks == case.get("marks", {})
    assert all(item.id.endswith(file.sha256[:8]) for item in imported.datasets[1:] if isinstance(item, Marks))
    *listed, partial = imported.skipped
    assert "taken as a selection" in partial.en
    assert [item.place for item in listed] == [place for place, _ in case.get("skipped", [])]
    assert all(reason in item.en for item, (_, reason) in zip(listed, case.get("skipped", []), strict=True))
    assert all(item.zh for item in imported.skipped)
    store.save(tmp_path / "store", imported.datasets, importer.id, imported.skipped)
    assert edition in store.load(tmp_path / "store")


def _described(line: TariffLine) -> list[Any]:
    assert [element.number for element in line.elements] == list(range(1, len(line.elements) + 1))
    labels = [element.label for element in line.elements] if line.elements_known else None
    return [line.name, line.name_en, list(line.units), labels, list(line.path)]


_CELLS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "千克",
            "台/千克",
            "0101",
            "010121",
            "01012100",
            "0101.2100.10",
            "８５０７６０００",
            "101210010",
            "合计",
            "1:品名;2:用途（",
            "2025-02-30",
            "2024-12-31",
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(_CELLS, min_size=6, max_size=6), max_size=8))
def test_no_row_is_lost_silently(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    names = ["商品编码", "商品名称", "第一法定单位", "第二法定单位", "申报要素", "失效日期"]
    sound = [["85076000", "蓄电池", "千克", "个", "", ""]] * (len(rows) + 1)
    path = tmp_path_factory.mktemp("rows") / "lines-2025.json"
    path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in [*rows, *sound]]), "utf-8")
    _, imported = read_reference(SourceFile.of(path))
    lines, listed = _edition(imported).lines, {item.place for item in imported.skipped}
    assert "85076000" in lines
    for number, row in enumerate(rows, start=1):
        code = code_of(row[0])
        below = len(code) >= 2 and any(line.startswith(code[:8]) for line in lines)
        assert below or f"entry {number}" in listed or not any(cell.strip() for cell in row)


def _whole_table(path: Path, subheadings: int, extra: str = "") -> Path:
    chapters = [f"{chapter:02}" for chapter in range(1, 98) if chapter != 77]
    codes = [f"{chapters[number % len(chapters)]}{number // len(chapters):04}00" for number in range(subheadings)]
    path.write_text("商品编码,商品名称,计量单位\n" + "".join(f"{code},货品,千克\n" for code in codes) + extra, "utf-8")
    return path


@pytest.mark.parametrize(
    ("missing", "extra", "reason"),
    [
        (0, "", None),
        (50, "", None),
        (60, "", "it has 5552 of the 5612 subheadings of hs-2022"),
        (0, "101210010,马,千克\n", "of 1 rows it cannot be told which line they are"),
        (0, "85076000,电池,千克,多出的一格\n", "of 1 rows it cannot be told which line they are"),
        (0, "合计,5612,\n", None),
        (0, "85414000,光敏半导体器件,千克\n", "hs-2022 has no 854140"),
    ],
)
def test_a_table_with_nearly_all_subheadings_is_a_complete_edition(tmp_path: Path, missing: int, extra: str, reason: str | None) -> None:
    file = SourceFile.of(_whole_table(tmp_path / "lines-2025.csv", HS_2022.subheadings - missing, extra))
    _, imported = read_reference(file)
    edition = _edition(imported)
    assert edition.complete is (reason is None)
    assert edition.id == ("cn-lines-2025" if edition.complete else f"cn-lines-2025-{file.sha256[:8]}")
    assert (edition.valid_from, edition.valid_to) == YEAR
    assert not reason or reason in imported.skipped[-1].en


def test_conditions_of_a_whole_table_become_lists_of_codes(tmp_path: Path) -> None:
    path = _whole_table(tmp_path / "lines-2025.csv", HS_2022.subheadings)
    told = {"01000000": "3B", "02000000": "4xy", "03000000": "A", "04000000": "8E", "05000000": "见公告", "06000000": "无"}
    rows = [row.split(",") for row in path.read_text("utf-8").splitlines()]
    path.write_text("\n".join(",".join([*row, "监管条件" if row[0] == "商品编码" else told.get(row[0], "")]) for row in rows), "utf-8")
    _, imported = read_reference(SourceFile.of(path))
    assert {item.id: dict(item.codes) for item in imported.datasets if isinstance(item, Marks)} == {
        "cn-dual-use-export-2025": {"01000000": "3B"},
        "cn-export-inspection-2025": {"01000000": "3B"},
        "cn-export-licence-2025": {"02000000": "4xy", "04000000": "8E"},
        "cn-export-prohibited-2025": {"04000000": "8E"},
    }
    assert ["05000000" in item.en for item in imported.skipped] == [True]


def test_beside_the_catalogue_a_complete_table_gives_units_and_nothing_else(tmp_path: Path) -> None:
    element = Element(1, "用途", "classification")
    catalogue = Edition("cn-2025", "t", *YEAR, True, "s", "h", {"01000000": TariffLine("01000000", "目录所称", elements=(element,))})
    path = _whole_table(tmp_path / "lines-2025.csv", HS_2022.subheadings)
    assert [file.outcome for file in import_files([path], tmp_path)] == ["imported"]
    alone = Tariff(item for item in loaded(tmp_path, tmp_path) if isinstance(item, Edition)).judge("01000000", DAY)
    assert (alone.edition, alone.line and alone.line.name) == ("cn-lines-2025", "货品")
    store.save(tmp_path / KNOWLEDGE, [catalogue], "cn-catalogue/1")
    editions = [item for item in loaded(tmp_path, tmp_path) if isinstance(item, Edition)]
    assert {edition.id: edition.complete for edition in editions} == {"cn-2025": True, "cn-lines-2025": False}
    judged = Tariff(editions).judge("01000000", DAY)
    assert judged.edition == "cn-2025"
    assert judged.line == TariffLine("01000000", "目录所称", elements=(element,), units=("035",))
    assert Tariff(editions).judge("02000000", DAY).state == "not_in_force"


def test_a_table_that_adds_nothing_to_the_catalogue_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    head = "code,name,path,elem_classification,elem_price,elem_other,elem_source,pdf_page\n"
    path = tmp_path / "tariff_elements.csv"
    path.write_text(head + "85076000,锂离子蓄电池,蓄电池： > 其他：,1.用途,2.品牌,,own,1\n", "utf-8")
    (found,) = import_files([path], tmp_path)
    assert (found.outcome, found.usable) == ("left_out", False)
    assert "name its year" in found.en
    assert "目录" in found.zh
    path = path.rename(tmp_path / "tariff_elements_2025.csv")
    (found,) = import_files([path], tmp_path)
    assert (found.outcome, found.datasets[0][:14]) == ("imported", "cn-lines-2025-")
    catalogue = Edition("cn-2025", "目录", *YEAR, True, "s", "h", {"85076000": TariffLine("85076000", "锂离子蓄电池")})
    store.save(tmp_path / KNOWLEDGE, [catalogue], "cn-catalogue/1")
    (found,) = import_files([path], tmp_path)
    assert (found.outcome, "cn-2025" in found.en, "目录" in found.zh) == ("left_out", True, True)


def test_units_are_known_to_the_tariff_and_the_score_once_a_workbook_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "pack"):  # a pack without lines of its own
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"ECID_{name.upper()}{'_DIR' if name == 'pack' else ''}", str(tmp_path / name))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    shutil.copy(PACK / "rates.toml", tmp_path / "pack")
    bootstrap.platform.cache_clear()
    line = TariffLine("94017900", "其他", elements=(Element(1, "用途", "classification"),))
    store.save(tmp_path / "home" / KNOWLEDGE, [Edition("cn-2025", "目录", *YEAR, True, "s", "h", {line.code: line})], "cn-catalogue/1")
    declared = [["报关单号", "申报日期", "商品编码", "商品名称", "规格型号", "法定第一数量", "法定第一单位", "成交数量", "成交单位", "总价", "币制"]]
    declared += [["530120250000000001", "2025-06-02", "9401790090", "折叠椅", "0|0|庭院用", "100", "千克", "100", "千克", "900", "USD"]]
    goods = write_sheets(tmp_path / "goods.xlsx", {"报关单": declared})
    lines = write_sheets(tmp_path / "税则2025.xlsx", {"税则": [["商品编码", "商品名称", "第一法定单位"], ["9401790090", "其他金属框架坐具", "个"]]})
    assert (_units(), _unit_rules(goods)) == ([], [])
    assert _run("knowledge", "import", str(lines))
    bootstrap.platform.cache_clear()
    assert (_units(), _unit_rules(goods)) == (["007"], ["UNIT_MISMATCH"])


def _units() -> list[str]:
    units: list[str] = json.loads(_run("tariff", "9401790090", "--as-of", DAY.isoformat(), "--json"))["line"]["units"]
    return units


def _unit_rules(goods: Path) -> list[str]:
    found = json.loads(_run("scan", str(goods), "--as-of", DAY.isoformat(), "--json"))
    return [finding["rule"] for finding in found["findings"] if finding["dimension"] == 7]


def _run(*arguments: str) -> str:
    run = CliRunner().invoke(program, arguments)
    assert run.exit_code == 0, run.output
    return run.stdout
