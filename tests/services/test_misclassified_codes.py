"""The quarterly list from lodged lines to what anyone may read: asked for once, of everybody, as of one day; samples and small numbers stay out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ecid.adapters.object_store import FolderStore
from ecid.bootstrap import Platform
from ecid.feed.declarations import SEGMENT_SCHEMA, segment_key, segment_of
from ecid.feed.facts import PLATFORM_SUBJECT, Fact, enterprise_subject
from ecid.knowledge.pack_records import confusions
from ecid.scoring.policy import load_policy
from ecid.services.misclassified_codes import PATIENCE, Contribution, MisclassifiedCodes, quarter_end_before, related
from ecid.services.published_list import LIST, misclassified_codes
from ecid.settings import Settings
from tests.adapters.engines import fact_store
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

PACK = Path(__file__).parents[2] / "knowledge"
REFERENCE = replace(small_reference(), confusions=tuple(confusions(PACK)))
QUARTER = date(2025, 12, 31)
SPLIT = {"sku": "A-1", "code": "8506500000", "specification": "1|0|电动工具用|甬光牌|YG-18650"}
ROWS: list[dict[str, Any]] = [{"sku": "A-1"}] * 8 + [SPLIT] * 2


class Installation(MisclassifiedCodes):
    """The use case on a store, a folder and a clock of its own, with the worker that it asks."""

    now = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)

    def work(self) -> list[str]:
        """A daily run and what it asks for; the enterprises that were asked."""
        asked = self.due()
        for message in asked:
            self.summarise(message["enterprise"], date.fromisoformat(message["quarter_end"]))
        return [message["enterprise"] for message in asked]


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as store:
        made = Installation(store, FolderStore(tmp_path), lambda: REFERENCE, load_policy(), lambda: Installation.now)
        yield made


def uscc(number: int) -> str:
    return f"9133028200000{number:05}"


def settle(house: Installation, number: int, *, rows: Sequence[dict[str, Any]] = ROWS, sample: bool = False, domain: str = "", maker: str = "") -> str:
    """An enterprise as the feeds tell of it: its entry, its domain, its lines."""
    name = uscc(number)
    body = {"legal_name_zh": f"第{number}公司", "sample": sample}
    house.store.put_fact(Fact(PLATFORM_SUBJECT, f"enterprise#{name}", "1", {}))
    house.store.put_fact(Fact(enterprise_subject(name), f"domain#{domain or f'e{number}.example'}", "1", body))
    lines = frame(rows).with_columns(
        declaration_no=pl.format("53042025{}{}", pl.lit(f"{number:04}"), pl.col("row").cast(pl.String).str.zfill(6)),
        item=pl.lit(1, pl.Int64),
        manufacturer=pl.lit(maker or None, pl.String),
        stamp=pl.lit("1"),
    )
    lines = lines.with_columns(line_id=pl.col("declaration_no") + "-1").select(list(SEGMENT_SCHEMA))
    segment = segment_of(lines.to_dicts())
    house.objects.put(segment_key(name, "2025-01", segment), segment)
    return name


def told(house: Installation, lang: Any = "en") -> dict[str, Any]:
    return misclassified_codes(house.store, lang)


def test_from_lines_to_the_list(house: Installation) -> None:
    everyone = [settle(house, number) for number in range(12)]
    assert told(house)["reason"]["code"] == "not_yet_published"
    assert house.work() == everyone
    assert house.work() == []
    found = told(house)
    assert (found["quarter"], found["as_of"], found["reason"]) == ("2025-Q4", "2025-12-31", None)
    (code,) = found["codes"]
    assert (code["code"], code["rival"], code["record"]) == ("85065000", "85076000", "confusion-01-lithium-primary-vs-lithium-ion")
    assert code["deciding_fact"] == "whether it can be recharged"
    assert {correction["code"] for correction in code["corrections"]} == {"850650", "850760"}
    assert set(code) == {"code", "rival", "record", "deciding_fact", "question", "advice", "basis", "corrections"}
    assert told(house, "zh")["codes"][0]["deciding_fact"] == "能否反复充电"


@pytest.mark.parametrize(
    ("changed", "is_told"),
    [
        ({}, True),
        ({3: {"sample": True}}, True),
        ({3: {"sample": True}, 4: {"sample": True}, 5: {"sample": True}}, False),
        ({3: {"domain": "e4.example"}, 5: {"domain": "e4.example"}, 6: {"domain": "e4.example"}}, False),
        ({3: {"maker": "第 4 公司"}, 5: {"maker": uscc(6)}, 7: {"maker": "第8公司"}}, False),
        ({3: {"maker": "别的公司"}, 5: {"maker": "别的公司"}, 7: {"maker": "别的公司"}}, True),
        ({3: {"rows": ROWS * 20}}, False),
        ({number: {"rows": ROWS[:8]} for number in range(3)}, False),
    ],
    ids=[
        "alike",
        "a sample",
        "nine that are none",
        "four share a domain",
        "three make for others",
        "one maker outside",
        "one holds most",
        "nine with findings",
    ],
)
def test_who_counts(changed: dict[int, dict[str, Any]], is_told: bool, house: Installation) -> None:
    for number in range(12):
        settle(house, number, **changed.get(number, {}))
    house.work()
    house.work()
    found = told(house)
    assert bool(found["codes"]) is is_told
    assert (found["reason"] is None) is is_told
    assert is_told or found["reason"]["code"] == "too_few_enterprises"
    assert found["quarter"] == "2025-Q4"


def test_of_a_sample_nothing_is_kept(house: Installation) -> None:
    name = settle(house, 1, sample=True)
    house.summarise(name, QUARTER)
    kept = json.loads(house.objects.get(f"quarters/{QUARTER}/{name}.json"))
    assert kept == {"enterprise": name, "sample": True, "summaries": [], "names": [], "domains": [], "manufacturers": []}


def test_asking_twice_changes_nothing(house: Installation) -> None:
    name = settle(house, 1)
    house.summarise(name, QUARTER)
    first = house.objects.get(f"quarters/{QUARTER}/{name}.json")
    house.summarise(name, QUARTER)
    assert house.objects.get(f"quarters/{QUARTER}/{name}.json") == first


def test_who_never_answers_is_not_waited_for_for_ever(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [settle(house, number) for number in range(11)]
    assert [message["enterprise"] for message in house.due()] == names
    for name in names[1:]:
        house.summarise(name, QUARTER)
    for days in range(PATIENCE.days):
        monkeypatch.setattr(Installation, "now", datetime(2026, 1, 1, 0, 10, tzinfo=UTC) + timedelta(days=days))
        assert [message["enterprise"] for message in house.due()] == names[:1]
        assert told(house)["quarter"] is None
    monkeypatch.setattr(Installation, "now", datetime(2026, 1, 1, 0, 10, tzinfo=UTC) + PATIENCE)
    assert house.due() == []
    assert [code["code"] for code in told(house)["codes"]] == ["85065000"]


def test_a_list_is_made_once_and_then_for_the_next_quarter(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        settle(house, number)
    house.work()
    house.work()
    first = told(house)
    settle(house, 11)
    assert house.work() == []
    assert told(house) == first
    assert len(list(house.objects.keys(f"quarters/{QUARTER}/"))) == 10
    monkeypatch.setattr(Installation, "now", datetime(2026, 4, 2, tzinfo=UTC))
    assert len(house.work()) == 11
    house.work()
    assert told(house)["quarter"] == "2026-Q1"
    assert {key[: len("quarters/2026-03-31")] for key in house.objects.keys("quarters/")} == {"quarters/2026-03-31"}
    monkeypatch.setattr(Installation, "now", datetime(2026, 1, 2, tzinfo=UTC))
    assert house.work() == []
    assert told(house)["quarter"] == "2026-Q1"


def test_nobody_is_asked_where_nobody_is(house: Installation) -> None:
    assert house.work() == []
    assert house.store.get_record(LIST).record is None


class Sent(list[Mapping[str, Any]]):
    """A queue that keeps what it is sent."""

    def send(self, body: Mapping[str, Any]) -> None:
        self.append(body)


def test_the_daily_run_asks_and_the_worker_answers(house: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "reference", lambda _: REFERENCE)
    monkeypatch.setattr(Platform, "now", lambda _: Installation.now)
    platform, sent = Platform(Settings(home=tmp_path)), Sent()
    platform.store, platform.objects, platform.scores = house.store, house.objects, sent
    name = settle(house, 1)
    assert platform.score_messages({}) == {}
    assert sent == [{"enterprise": name}, {"enterprise": name, "quarter_end": "2025-12-31"}]
    twice = [{"messageId": str(number), "body": json.dumps(message)} for number, message in enumerate([*sent, *sent, {**sent[0], "quarter_end": "?"}])]
    assert platform.score_messages({"Records": twice}) == {"batchItemFailures": [{"itemIdentifier": "4"}]}
    assert list(house.objects.keys(f"quarters/{QUARTER}/")) == [f"quarters/{QUARTER}/{name}.json"]
    assert list(house.objects.keys("results/"))


@pytest.mark.parametrize(
    ("day", "end"),
    [("2026-01-01", "2025-12-31"), ("2026-03-31", "2025-12-31"), ("2026-04-01", "2026-03-31"), ("2026-12-31", "2026-09-30"), ("2024-07-15", "2024-06-30")],
)
def test_the_quarter_that_ended_last(day: str, end: str) -> None:
    assert quarter_end_before(date.fromisoformat(day)) == date.fromisoformat(end)


def test_who_is_related() -> None:
    told = [
        Contribution("A", False, ("甲",), ("a.example",), ("乙", "外")),
        Contribution("B", False, ("乙",), ("b.example",), ("乙",)),
        Contribution("C", False, ("丙",), ("a.example",), ("A",)),
        Contribution("D", False, ("丙",), ("d.example",)),
        Contribution("E", False),
    ]
    assert {tuple(sorted(pair)) for pair in related(told)} == {("A", "B"), ("A", "C"), ("C", "D")}
