"""The samples are what their recipes make, take the real path, in any state of the store, and show what they are there to show, for a good while."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.embedded_engine import find_engine
from ecid.adapters.knowledge_files import load_reference
from ecid.adapters.object_store import FolderStore
from ecid.bootstrap import LocalPlatform, Platform, keep_samples, reserve
from ecid.errors import EcidError, NotFound, UnreadableFile
from ecid.feed.declarations import segments_of
from ecid.identity.codes import check_aeo_code, check_customs_code, check_uscc
from ecid.identity.domains import normalise
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import to_json as scan_json
from ecid.services.feed_samples import FedSample, feed_samples, list_samples
from ecid.services.import_knowledge import KNOWLEDGE, import_files
from ecid.services.ingest_events import Ingestion
from ecid.services.scan_files import scan_files
from ecid.services.score_enterprise import Scoring
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from ecid.verification.record import build_record
from ecid.verification.shape import to_json
from tests.adapters.engines import CHECKOUT, engine_roots, fact_store
from tests.pack_index import pack_home
from tools.make_samples import RECIPES, lines_of, made

PACK = CHECKOUT / "knowledge"
SAMPLES = PACK / "samples"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TIDEGLASS = "91370302MA3C8R5K6T"
RESERVED = frozenset({"example"})
EXPECTED = yaml.safe_load(Path(__file__).with_name("samples.yaml").read_text("utf-8"))
EDITION, _ = list_samples(SAMPLES)
FEW = ("newleaf", "firstsail", "tideglass", "twinoak")
needs_engine = pytest.mark.skipif(find_engine([CHECKOUT]) is None, reason="the embedded engine is not installed (npm ci)")
FACTS = ("aeo", "anomalies", "score", "website")


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Platform(Settings(home=pack_home())).reference()


class House:
    """The services on one store, scoring at once whoever is asked for."""

    def __init__(self, store: DynamoFactStore, folder: Path, reference: Reference, now: datetime = NOW) -> None:
        self.now = now
        self.objects = FolderStore(folder)
        self.store = store
        self.scoring = Scoring(store, self.objects, lambda: reference, load_policy(), lambda: self.now, build_record)
        self.ingestion = Ingestion(store, self.objects, self, build_record, lambda: self.now, RESERVED)
        self.verification = Verification(store, lambda: self.now, Settings())

    def send(self, body: Any) -> None:
        self.scoring.run(body["enterprise"])

    def feed(self, samples: Path = SAMPLES) -> list[FedSample]:
        """As `ecid serve` does: the samples, then the daily run over everybody."""
        fed = feed_samples(samples, self.ingestion, self.now)
        for uscc in {uscc for one in fed for uscc in one.enterprises}:
            self.send({"enterprise": uscc})
        return fed

    def record(self, domain: str) -> dict[str, Any]:
        return to_json(self.verification.verify(domain))


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Iterator[House]:
    """On the embedded engine, as `ecid serve` has it; moto copies its tables for every transaction, which takes minutes for all samples."""
    with fact_store("embedded" if find_engine(engine_roots()) else "moto", tmp_path_factory.getbasetemp()) as store:
        yield House(store, tmp_path / "objects", reference)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with four of the samples, to be changed at will."""
    folder = tmp_path / "samples"
    for name in FEW:
        shutil.copytree(SAMPLES / name, folder / name)
    entries = [f'[[sample]]\nask = "{name}.example"\nzh = "样例"\nen = "a sample"\nfolders = ["{name}"]\n' for name in FEW]
    (folder / "samples.toml").write_text(f"edition = {EDITION}\n{''.join(entries)}", "utf-8")
    return folder


def noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), NOW.timetz())


def test_the_committed_files_are_what_the_recipes_make() -> None:
    files = made()
    assert {path.relative_to(SAMPLES) for path in SAMPLES.glob("*/*")} == set(files)
    for path, text in files.items():
        assert (SAMPLES / path).read_bytes() == text.encode(), f"{path}: run make samples"


def _recipe(**defect: Any) -> dict[str, Any]:
    recipe = tomllib.loads((RECIPES / "tideglass.toml").read_text("utf-8"))
    return {**recipe, "defect": [{"why": "to see", **defect}]}


def test_a_defect_is_planted_where_it_says_and_nowhere_else() -> None:
    clean = lines_of({**_recipe(), "defect": []}, "tideglass")
    planted = lines_of(_recipe(goods=["jar"], lines=3, change={"code": "7013990000", "elements": {"2": ""}, "kg": 2, "price": 0.5}), "tideglass")
    changed = [(before, after) for before, after in zip(clean, planted, strict=True) if before != after]
    assert len(changed) == 3
    for before, after in changed:
        assert (before.goods.id, after.goods.code, after.goods.kg, after.price) == ("jar", "7013990000", 2 * before.goods.kg, round(before.price / 2, 2))
        assert after.goods.elements == (before.goods.elements[0], "", *before.goods.elements[2:])
    assert all(line.day.weekday() < 5 for line in clean)


@pytest.mark.parametrize("defect", [{"goods": ["jar"], "lines": 99, "change": {}}, {"declarant": "nobody", "change": {}}, {"change": {"colour": "red"}}])
def test_a_recipe_that_cannot_be_followed_is_named(defect: dict[str, Any], tmp_path: Path) -> None:
    text = (RECIPES / "tideglass.toml").read_text("utf-8").partition("[[defect]]")[0]
    cells = "".join(f"{key} = {json.dumps(value).replace(': ', ' = ')}\n" for key, value in defect.items())
    (tmp_path / "tideglass.toml").write_text(f'{text}[[defect]]\nwhy = "to see"\n{cells}', "utf-8")
    with pytest.raises(ValueError, match=r"^tideglass\.toml: "):
        made(tmp_path, SAMPLES)


def test_no_two_samples_share_a_declaration_or_a_code() -> None:
    numbers = [{row["海关编号"] for row in csv.DictReader(path.read_text("utf-8").splitlines())} for path in SAMPLES.glob("*/declarations.csv")]
    assert sum(map(len, numbers)) == len(set().union(*numbers))
    enterprises = [_events(path.parent.name)[0] for path in SAMPLES.glob("*/events.jsonl")]
    for one in ([event["enterprise"] for event in enterprises], [event["data"]["customs_code"] for event in enterprises]):
        assert len(set(one)) == len(one)


def test_the_samples_stay_small() -> None:
    texts = [path.read_bytes() for path in SAMPLES.rglob("*") if path.is_file()]
    assert sum(text.count(b"\n") for text in texts) <= 3000
    assert sum(map(len, texts)) < 1_000_000


def test_every_sample_asks_for_what_its_folders_hold() -> None:
    _, samples = list_samples(SAMPLES)
    assert [sample.ask for sample in samples] == list(EXPECTED["samples"])
    assert {name for sample in samples for name in sample.folders} == {path.name for path in SAMPLES.iterdir() if path.is_dir()}
    for sample in samples:
        assert 0 < len(sample.zh) <= 30
        assert 0 < len(sample.en) <= 70
        for name in sample.folders:
            domains = {event["data"]["domain"] for event in _events(name) if event["type"] == "domain.registered"}
            assert normalise(sample.ask, RESERVED).registrable in domains


def _events(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name / "events.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/events.jsonl")))
def test_sample_enterprises_are_made_up_and_well_formed(name: str) -> None:
    events = _events(name)
    (uscc,) = {event["enterprise"] for event in events}
    assert check_uscc(uscc).warnings == ()
    assert {event["sequence"] for event in events} == {EDITION}
    assert max(event["effective_at"] for event in events) < "2026-05-22"
    for event in events:
        data = event["data"]
        if event["type"] in ("domain.registered", "aeo.changed"):
            assert data["sample"] is True
            assert check_customs_code(data["customs_code"]).warnings == ()
            assert data["customs_code"][:2] == uscc[2:4]
        if event["type"] == "domain.registered":
            assert data["domain"].endswith(".example")
            assert data["legal_name_zh"].startswith("样例")
            assert data["legal_name_en"].startswith("Sample ")
        if data.get("aeo_code"):
            check_aeo_code(data["aeo_code"], data["customs_code"])


def test_samples_show_what_they_are_there_for_for_a_good_while(house: House) -> None:
    for day in EXPECTED["days"]:
        house.now = noon(day)
        assert {part: error for one in house.feed() for part, error in one.failed.items()} == {}
        for ask, expected in EXPECTED["samples"].items():
            assert _shown(house, ask, expected) == {**expected, **expected.get("by_day", {}).get(day, {})}, f"{ask} on {day}"


def _shown(house: House, ask: str, expected: dict[str, Any]) -> dict[str, Any]:
    """What the record says about the keys of `expected`, in its terms."""
    try:
        record = house.record(ask)
    except EcidError as error:
        return {"refused": error.code}
    assert record["sample"] is (record["status"] != "unknown")
    values = {name: record[name]["value"] or {} for name in FACTS}
    score, least = values["score"].get("score"), expected.get("score")
    seen = {
        "status": record["status"],
        "warnings": [warning["code"] for warning in record["warnings"]],
        "level": values["aeo"].get("level"),
        "sub_state": values["aeo"].get("sub_state"),
        "in_good_standing": values["aeo"].get("in_good_standing"),
        "rectification": (values["aeo"].get("rectification") or {}).get("state"),
        "certificate": (values["aeo"].get("certificate") or {}).get("state"),
        "score": least if isinstance(least, list) and score is not None and least[0] <= score <= least[1] else (score or _reason(values["score"])),
        "band": values["score"].get("band"),
        "website": values["website"].get("state"),
        "anomalies": values["anomalies"].get("total"),
        "stale": [name for name in FACTS if record[name]["stale"]],
        "by_day": expected.get("by_day"),
    }
    if record["status"] == "registered" and "stale" not in expected:
        assert seen["stale"] == [], ask
    return {key: seen[key] for key in expected}


def _reason(score: dict[str, Any]) -> str | None:
    return (score.get("insufficient_data") or {}).get("reason")


def test_with_the_nomenclatures_imported_82_stays_82(tmp_path: Path, reference: Reference) -> None:
    """The code of 2017 is then known to be one, which costs less than what parts the score from 82."""
    data = os.environ.get("ECID_DATA_DIR")
    if not data:
        pytest.skip("ECID_DATA_DIR is not set: the official files are not at hand")
    import_files([Path(data) / "hs-nomenclature"], tmp_path)
    imported = replace(load_reference([PACK, tmp_path / KNOWLEDGE]), placement=reference.placement)
    result = scan_files([SAMPLES / "harborlight" / "declarations.csv"], lambda: imported, NOW).result
    assert result.score == 82
    assert "CODE_NOT_IN_FORCE" in {finding.rule for finding in result.findings}


def test_the_82_is_lost_for_a_handful_of_reasons(reference: Reference) -> None:
    result = scan_files([SAMPLES / "harborlight" / "declarations.csv"], lambda: reference, NOW).result
    costly = [finding for finding in result.findings if (finding.points_micro or 0) >= 100_000]
    assert 8 <= len(costly) <= 13
    assert {finding.dimension for finding in costly} >= {2, 3, 4, 5, 7, 9}


def test_the_82_of_the_feed_has_a_ruling_and_what_customs_did_in_it(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    shutil.copytree(SAMPLES / "harborlight", folder / "harborlight")
    (folder / "samples.toml").write_text(
        f'edition = {EDITION}\n[[sample]]\nask = "harborlight.example"\nzh = "一"\nen = "one"\nfolders = ["harborlight"]\n', "utf-8"
    )
    house.feed(folder)
    (uscc,) = {event["enterprise"] for event in _events("harborlight")}
    fact = next(fact for fact in house.store.facts(f"enterprise#{uscc}").facts if fact.name == "score")
    result = json.loads(house.objects.get(fact.body["result"]))
    assert result["score"] == 82
    charged = {finding["rule"] for finding in result["findings"] if finding["points_micro"]}
    assert charged >= {"NAME_CODE_CONFLICT", "SAME_GOODS_SPLIT", "RULING_CONFLICT", "DECIDING_FACT_MISSING", "RECLASSIFIED_BY_CUSTOMS", "ELEMENT_MISSING"}
    assert result["caps"] == []


def test_the_record_scores_what_a_scan_of_the_file_scores(house: House, few: Path, reference: Reference) -> None:
    house.feed(few)
    scan = scan_files([few / "tideglass" / "declarations.csv"], lambda: reference, NOW)
    fact = _score_fact(house)
    stored = json.loads(house.objects.get(fact.body["result"]))
    # Of a file nobody knows what became of its lines: dimension 10 is left out there, and its weight goes to the others.
    told, read = ({d["dimension"]: d["share"] for d in found["dimensions"]} for found in (stored, scan_json(scan.result, [], "zh")))
    assert (told.pop(10), read.pop(10)) == (0, None)
    assert told == read
    assert house.record("tideglass.example")["score"]["value"]["score"] == fact.body["score_exact_micro"] // 1_000_000 == stored["score"]
    assert b'"ELEMENT_MISSING"' in house.objects.get(fact.body["result"])
    assert fact.body["result"].startswith(f"results/{TIDEGLASS}/2026-11-23/")


def _score_fact(house: House) -> Any:
    return next(fact for fact in house.store.facts(f"enterprise#{TIDEGLASS}").facts if fact.name == "score")


def test_feeding_again_changes_nothing_but_the_time(house: House, few: Path) -> None:
    house.feed(few)
    before = house.record("tideglass.example")
    segments = list(house.objects.keys(segments_of(TIDEGLASS)))
    house.now += timedelta(hours=6)
    house.feed(few)
    after = house.record("tideglass.example")
    assert list(house.objects.keys(segments_of(TIDEGLASS))) == segments
    assert _without_times(after) == _without_times(before)
    assert after["aeo"]["as_of"] > before["aeo"]["as_of"]


def _without_times(value: Any) -> Any:
    """The record without what tells the time of asking."""
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in ("as_of", "checked_at", "computed_at")}
    return value


def test_a_run_that_changes_nothing_writes_nothing(house: House, few: Path) -> None:
    house.feed(few)
    fact = _score_fact(house)
    house.now += timedelta(hours=1)
    assert house.scoring.run(TIDEGLASS) == fact.body["result_id"]
    assert _score_fact(house) == fact
    house.now += timedelta(days=1)
    assert house.scoring.run(TIDEGLASS) != fact.body["result_id"]


def test_a_day_without_news_makes_everything_stale(house: House, few: Path) -> None:
    house.feed(few)
    house.now += timedelta(hours=24, seconds=1)
    record = house.record("tideglass.example")
    assert [record[fact]["stale"] for fact in FACTS] == [True] * 4


def _cut(path: Path) -> None:
    path.write_text(path.read_text("utf-8")[:200], "utf-8")


def _alter(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def test_a_newer_edition_takes_the_place_of_an_older_one(house: House, few: Path) -> None:
    """Lines that went are cancelled, lines that changed are lodged anew, and what was said of the enterprise is said again."""
    house.feed(few)
    head, *rows = (few / "tideglass" / "declarations.csv").read_text("utf-8").splitlines(keepends=True)
    (few / "tideglass" / "declarations.csv").write_text(head + "".join(row.replace("玻璃杯", "玻璃水杯") for row in rows[:-4]), "utf-8")
    events = (few / "tideglass" / "events.jsonl").read_text("utf-8").replace(f'"sequence": {EDITION}', f'"sequence": {EDITION + 1}')
    events = events.replace('"rectifying"', '"active"').replace('"sample-tideglass', '"sample-next-tideglass')
    (few / "tideglass" / "events.jsonl").write_text(events, "utf-8")
    _alter(few / "samples.toml", f"edition = {EDITION}", f"edition = {EDITION + 1}")
    for _ in range(2):
        assert [one.failed for one in house.feed(few)] == [{}, {}, {}, {}]
        result = json.loads(house.objects.get(_score_fact(house).body["result"]))
        assert result["lines"]["judged"] == len(rows) - 4
        assert house.record("tideglass.example")["aeo"]["value"]["sub_state"] == "active"


def test_what_fails_is_said_of_its_sample_alone(house: House, few: Path) -> None:
    _alter(few / "newleaf" / "declarations.csv", "6109100021", "not a code")
    _alter(few / "firstsail" / "events.jsonl", '"level": "regular"', '"level": "golden"')
    _cut(few / "twinoak" / "events.jsonl")
    newleaf, firstsail, tideglass, twinoak = house.feed(few)
    assert {part: error.code for part, error in newleaf.failed.items()} == {"newleaf/declarations.csv": "unreadable_file"}
    assert "row " in str(newleaf.failed["newleaf/declarations.csv"])
    assert [(part.startswith("sample-firstsail-aeo-1-"), error.code) for part, error in firstsail.failed.items()] == [(True, "invalid_event")]
    assert tideglass.failed == {}
    assert {part: error.code for part, error in twinoak.failed.items()} == {"twinoak/events.jsonl": "unreadable_file"}
    assert twinoak.enterprises == ()
    assert [house.record(one.sample.ask)["status"] for one in (newleaf, firstsail, tideglass, twinoak)] == ["registered"] * 3 + ["unknown"]


def test_no_samples_and_no_list_of_samples(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list_samples(tmp_path)
    (tmp_path / "samples.toml").write_text("[[sample]]\nask = 1\n", "utf-8")
    with pytest.raises(UnreadableFile):
        list_samples(tmp_path)


@needs_engine
def test_what_fails_later_is_logged(tmp_path: Path, few: Path, caplog: pytest.LogCaptureFixture) -> None:
    _alter(few / "newleaf" / "declarations.csv", "6109100021", "no code")
    platform = LocalPlatform(Settings(home=tmp_path / "home", pack_dir=tmp_path))
    ended = threading.Event()
    keeper = threading.Thread(target=keep_samples, args=(platform, ended, 0.1))
    keeper.start()
    for _ in range(600):
        if "newleaf.example" in caplog.text:
            break
        keeper.join(0.1)
    ended.set()
    keeper.join()
    platform.close()
    assert "of the sample newleaf.example was not renewed: newleaf/declarations.csv: unreadable_file" in caplog.text
    assert "tideglass" not in caplog.text


@needs_engine
def test_serve_shows_the_samples_and_what_failed_of_them(tmp_path: Path, few: Path) -> None:
    (few / "tideglass" / "declarations.csv").write_text("海关编号\n", "utf-8")
    environment = {**os.environ, "ECID_HOME": str(tmp_path / "home"), "ECID_PACK_DIR": str(tmp_path)}
    with reserve(0) as free:
        port = str(free.getsockname()[1])
    command = [str(Path(sys.executable).with_name("ecid")), "serve", "--port", port, "--lang", "en"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        told = [server.stderr.readline().rstrip() for _ in range(9)]
        server.terminate()
    assert all("dimensions 4 and 9 are not judged: " in line for line in told[1:3])  # of the samples alone no index is made
    told = told[3:]
    assert told[0] == f"  a sample: http://127.0.0.1:{port}/verify?domain=newleaf.example"
    assert told[3].startswith("    not taken in: tideglass/declarations.csv: Cannot read the file declarations.csv: ")
    assert told[5].startswith("ecid is at ")
