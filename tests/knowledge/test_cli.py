"""`ecid knowledge …` as typed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.knowledge import knowledge_group
from ecid.errors import UnreadableFile
from ecid.settings import Settings

LINE = 'chapter = "85"\n[[line]]\ncode = "85076000"\nname = { zh = "锂电池", en = "Accumulators" }\npath = ["蓄电池"]\nclassification = ["用途"]\n'
RECORD = """[[record]]
id = "gri-1"
kind = "gri"
codes = []
title = { zh = "一、样品", en = "Sample" }
text = { zh = "样品。", en = "A sample." }
valid_from = 1992-01-01
source = "GRI 1"
confidence = "high"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pack = tmp_path / "pack"
    (pack / "tariff").mkdir(parents=True)
    (pack / "tariff" / "85.toml").write_text(LINE, "utf-8")
    return Settings(home=tmp_path / "home", pack_dir=pack)


def _run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(knowledge_group, arguments, obj=Platform(settings))


def test_import_says_what_became_of_each_file(settings: Settings, hs_2022_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("words", "utf-8")
    result = _run(settings, "import", "--lang", "en", str(hs_2022_csv), str(tmp_path / "other.txt"))
    assert result.exit_code == 0
    assert "a table.csv: imported: hs-2022" in result.stdout
    assert "not taken over as they stand: 3" in result.stdout
    assert "854143 stands twice" in result.stdout
    assert "other.txt: not recognised" in result.stdout
    assert "Files that are recognised:" in result.stderr


def test_import_of_nothing_known_exits_with_2(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("words", "utf-8")
    result = _run(settings, "import", "--lang", "zh", str(tmp_path / "other.txt"))
    assert result.exit_code == 2
    assert "无法识别" in result.stdout
    assert not settings.home.exists()


def test_import_as_json(settings: Settings, hs_2022_csv: Path) -> None:
    document = json.loads(_run(settings, "import", "--json", str(hs_2022_csv)).stdout)
    assert [(file["outcome"], file["datasets"], len(file["skipped"])) for file in document] == [("imported", ["hs-2022"], 3)]


def test_build_without_and_with_a_data_folder(settings: Settings, hs_2022_csv: Path) -> None:
    alone = _run(settings, "build", "--lang", "en")
    assert (alone.exit_code, "ECID_DATA_DIR is not set" in alone.stdout) == (0, True)
    assert json.loads(_run(settings, "build", "--json").stdout) == []
    with_data = replace(settings, data_dir=hs_2022_csv.parent)
    first, second = (json.loads(_run(with_data, "build", "--json").stdout) for _ in range(2))
    assert "imported" in [file["outcome"] for file in first]
    assert "already_imported" in [file["outcome"] for file in second]


def test_check_exits_with_1_and_names_what_to_repair(settings: Settings, hs_2022_csv: Path) -> None:
    clean = _run(settings, "check", "--lang", "en")
    assert (clean.exit_code, clean.stdout) == (0, "The pack is in order.\n")
    assert json.loads(_run(settings, "check", "--json").stdout) == []
    _run(settings, "import", str(hs_2022_csv))
    result = _run(settings, "check", "--lang", "en")
    assert result.exit_code == 1
    assert "85.toml: 85076000: hs-2022 has no subheading 850760 [unknown_subheading]" in result.stdout


def test_stats(settings: Settings, hs_2022_csv: Path) -> None:
    _run(settings, "import", str(hs_2022_csv))
    rows = {row["id"]: row for row in json.loads(_run(settings, "stats", "--json").stdout)}
    assert (rows["pack-2025"]["rows"], rows["pack-2025"]["elements_known"], rows["pack-2025"]["complete"]) == (1, 1, False)
    assert (rows["hs-2022"]["rows"], rows["hs-2022"]["valid_to"], rows["hs-2022"]["complete"]) == (5614, "2027-12-31", None)
    assert "pack-2025" in _run(settings, "stats", "--lang", "zh").stdout


def test_stats_tell_the_records_by_kind_and_their_exceptions(settings: Settings, hs_2022_csv: Path, tmp_path: Path) -> None:
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("决定编号,商品名称,税则号列,公告编号\nJ2018-0001,样品,04100090,2018-183\nJ2018-0002,样品,01100190,2018-183\n", "utf-8")
    older = tmp_path / "older.csv"
    rows = [line for line in hs_2022_csv.read_text("utf-8").splitlines() if "854143" not in line and "852411" not in line and "851713" not in line]
    rows += [f"I,{code},Older,{code[:4]},6" for code in ("041000", "854140", "851712", "870380")]
    older.write_text("\n".join(rows) + "\n", "utf-8")
    (settings.pack_dir / "gri.toml").write_text(RECORD, "utf-8")
    assert _run(settings, "import", str(decisions), str(hs_2022_csv), str(older)).exit_code == 0
    records = json.loads(_run(settings, "stats", "--json").stdout)[-1]
    counted = {kind["kind"]: kind for kind in records["kinds"]}
    assert (records["id"], records["rows"]) == ("records", 3)
    assert counted["gri"] == {"kind": "gri", "records": 1, "zh": 1, "en": 1, "lapsed": 0}
    assert counted["decision"] == {"kind": "decision", "records": 2, "zh": 2, "en": 0, "lapsed": 1}
    assert [item["en"] for item in records["exceptions"]] == ["decision-J2018-0001: hs-2022 has no 04100090; lapsed from 2022-01-01"]
    printed = _run(settings, "stats", "--lang", "zh").stdout
    assert "记录例外 1 条：" in printed
    assert "decision-J2018-0001：hs-2022 已无编码 04100090，自 2022-01-01 起失效" in printed


def test_check_looks_at_the_records(settings: Settings) -> None:
    (settings.pack_dir / "gri.toml").write_text(RECORD.replace("一、样品", "一,样品"), "utf-8")
    result = _run(settings, "check", "--lang", "en")
    assert result.exit_code == 1
    assert "gri.toml: gri-1: punctuation beside Chinese must be full-width" in result.stdout


def test_what_comes_from_files_does_not_steer_the_terminal(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "de\x1b[31m\nci.csv"
    path.write_text("决定编号,商品名称,税则号列\nZ2031-1,样品,85076000\n\x1b]0;t\x07,样品,85076000\n", "utf-8")
    for lang in ("zh", "en"):
        shown = _run(settings, "import", "--lang", lang, str(path)).stdout
        assert "de[31m ci.csv" in shown
        assert len(shown.splitlines()) == 3
        assert not {"\x1b", "\x07"} & set(shown)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_damaged_dataset_is_named(settings: Settings, hs_2022_csv: Path, lang: str) -> None:
    _run(settings, "import", str(hs_2022_csv))
    (settings.home / "knowledge" / "hs-2022.jsonl").write_bytes(b"{")
    for command in ("stats", "check"):
        result = _run(settings, command, "--lang", lang)
        assert isinstance(result.exception, UnreadableFile)
        assert "hs-2022.jsonl" in result.exception.sentence("zh" if lang == "zh" else "en")
