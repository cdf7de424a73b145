"""The owner's marks: what a file of them may hold, how they are kept, and that hostile words stay words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ecid.errors import BadInput, NotFound, PayloadTooLarge, UnreadableFile
from ecid.feed.facts import enterprise_subject
from ecid.ports import FactStore
from ecid.scoring.result import Review
from ecid.services import review_findings
from ecid.services.review_findings import LONGEST_NAME, LONGEST_REASON, Reviews, marks_of, read_marks
from tests.adapters.engines import ENGINES, fact_store

USCC = "91330282MA2H7K4W68"
ONE, OTHER = "0123456789abcdef", "fedcba9876543210"
NOW = datetime(2026, 5, 17, 23, 0, tzinfo=UTC)
GOOD = {"finding": ONE, "because": "型号由客户贴牌", "by": "王", "on": "2026-05-17"}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with fact_store(request.param, tmp_path_factory.getbasetemp()) as found:
        yield found


def marks(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return path


def test_a_file_of_marks(tmp_path: Path) -> None:
    path = marks(tmp_path / "marks.jsonl", GOOD, "", {**GOOD, "finding": OTHER, "because": "  两行\n理由 "}, {**GOOD, "because": "改了主意"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_marks(path) == {ONE: Review("改了主意", "王", date(2026, 5, 17)), OTHER: Review("两行 理由", "王", date(2026, 5, 17))}
    assert read_marks(marks(tmp_path / "no-name.jsonl", {key: GOOD[key] for key in ("finding", "because", "on")}))[ONE].by == ""
    assert read_marks(marks(tmp_path / "empty.jsonl")) == {}


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        "NaN",
        "[" * 100_000,
        {key: GOOD[key] for key in ("finding", "by", "on")},
        GOOD | {"because": ""},
        GOOD | {"because": " \n "},
        GOOD | {"because": "x" * (LONGEST_REASON + 1)},
        GOOD | {"because": 7},
        GOOD | {"by": "x" * (LONGEST_NAME + 1)},
        GOOD | {"because": "\x1b[31mred"},
        GOOD | {"because": "\u202eright to left"},
        GOOD | {"because": "\ud800"},
        GOOD | {"finding": "../../../etc"},
        GOOD | {"finding": ONE.upper()},
        GOOD | {"finding": ONE + "\n"},
        GOOD | {"on": "yesterday"},
        GOOD | {"on": 20260517},
        GOOD | {"points": 0},
    ],
    ids=range(20),
)
def test_a_line_that_is_no_mark_is_named(line: object, tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + (line if isinstance(line, str) else json.dumps(line)), "ascii")
    with pytest.raises(UnreadableFile) as refusal:
        read_marks(path)
    assert "第 2 行" in refusal.value.sentence("zh")
    assert "line 2" in refusal.value.sentence("en")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableFile):
        read_marks(path)


def test_too_many_marks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_findings, "MOST_MARKS", 2)
    path = marks(tmp_path / "marks.jsonl", *({**GOOD, "finding": f"{number:016x}"} for number in range(3)))
    with pytest.raises(PayloadTooLarge):
        read_marks(path)


def test_marks_are_kept_replaced_and_taken_back(store: FactStore) -> None:
    reviews = Reviews(store)
    assert reviews.keep(USCC, ONE, " 因 为 ", "王", NOW) == Review("因 为", "王", date(2026, 5, 18))
    reviews.keep(USCC, OTHER, "<script>alert(1)</script> ' OR 1=1 -- {0} %s", "", NOW)
    reviews.keep(USCC, ONE, "另一个理由", "李", NOW - timedelta(days=1))  # a clock that runs behind loses no mark
    assert marks_of(store, USCC) == {
        ONE: Review("另一个理由", "李", date(2026, 5, 17)),
        OTHER: Review("<script>alert(1)</script> ' OR 1=1 -- {0} %s", "", date(2026, 5, 18)),
    }
    reviews.withdraw(USCC, ONE, NOW)
    assert set(marks_of(store, USCC)) == {OTHER}
    for name in (ONE, "0" * 16):
        with pytest.raises(NotFound):
            reviews.withdraw(USCC, name, NOW)
    assert marks_of(store, "91370302MA3C8R5K6T") == {}
    # Of what public records are made from there is nothing.
    assert store.facts(enterprise_subject(USCC)).revision == 0


@pytest.mark.parametrize(("because", "by"), [("", ""), ("\x00", ""), ("x" * 501, ""), ("good", "\u2066"), ("good", "x" * 101)])
def test_words_that_cannot_be_kept_are_refused(store: FactStore, because: str, by: str) -> None:
    with pytest.raises(BadInput) as refusal:
        Reviews(store).keep(USCC, "1" * 16, because, by, NOW)
    assert "500" in refusal.value.sentence("en")
    assert "1" * 16 not in marks_of(store, USCC)


def test_there_is_an_end_to_marks(store: FactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_findings, "MOST_MARKS", 1)
    uscc = "91370302MA3C8R5K6T"
    Reviews(store).keep(uscc, ONE, "good", "", NOW)
    Reviews(store).keep(uscc, ONE, "better", "", NOW)
    with pytest.raises(PayloadTooLarge):
        Reviews(store).keep(uscc, OTHER, "good", "", NOW)
