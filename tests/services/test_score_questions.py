"""What an enterprise asks of its stored results: the same answers as a fresh run gives, from what was kept, and nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ecid.adapters.object_store import FolderStore
from ecid.errors import BadInput, EcidError, Language, NotFound, ReportNotReady
from ecid.feed.declarations import segment_key, segment_of
from ecid.feed.facts import Fact, enterprise_subject, stamp_of
from ecid.ports import FactStore
from ecid.scoring import breakdown
from ecid.scoring.answers import NoSuchFinding
from ecid.scoring.causes import causes_of
from ecid.scoring.engine import Request, Run, run
from ecid.scoring.forecast import answer_to_json, forecasts
from ecid.scoring.kept import kept_document
from ecid.scoring.losses import loss_table
from ecid.scoring.misclassified import own_list, own_to_json
from ecid.scoring.plan import plan
from ecid.scoring.policy import load_policy
from ecid.scoring.result import Result, in_language, to_json
from ecid.scoring.whatif import LineEdit, simulate
from ecid.services.authority import authority_of
from ecid.services.lodged_lines import lodged_lines
from ecid.services.result_history import History
from ecid.services.review_findings import Reviews
from ecid.services.score_enterprise import Scoring
from ecid.services.score_questions import LinesNotKept, ScoreQuestions
from ecid.verification.record import build_record
from tests.adapters.engines import fact_store
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

USCC = "91330282MA2H7K4W68"
OTHER = "91370302MA3C8R5K6T"
NOON = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)
POLICY = load_policy()
STRICTER = replace(POLICY, id="2027-01", dimensions=tuple(replace(one, full_ppm=one.full_ppm // 2) for one in POLICY.dimensions))
WITHOUT_MODEL = {"specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V"}
WITHOUT_UNIT = {"specification": "1|0|电动工具用|锂离子|190|甬光牌|YG-18650|2.6Ah|3.6V"}
SPLIT = {"sku": "A-1", "code": "8506500000", "specification": "1|0|电动工具用|甬光牌|YG-18650"}
ROWS: list[dict[str, Any]] = [{}] * 30 + [WITHOUT_MODEL] * 6 + [WITHOUT_UNIT] * 5 + [{"sku": "A-1"}] * 6 + [SPLIT] * 3 + [{"code": "99999999"}]


def lodge(objects: FolderStore, rows: Sequence[Mapping[str, Any]], first: int = 0, uscc: str = USCC, at: datetime = NOON) -> None:
    """Lodge each row in a declaration of its own, from number `first` on; a number that is there is replaced by it."""
    numbers = [f"3104{first + place:014}" for place in range(len(rows))]
    named = {"declaration_no": pl.Series(numbers), "line_id": pl.Series([f"{number}-1" for number in numbers])}
    lines = frame(rows).with_columns(**named, item=pl.lit(1, pl.Int64), stamp=pl.lit(stamp_of(at, 0, "test")))
    segment = segment_of(lines.rows(named=True))
    objects.put(segment_key(uscc, "2025-01", segment), segment)


SAID = ("title", "question", "advice", "routes", "suggested_codes", "first_day", "last_day", "points_micro", "code", "goods_name")


OPEN_CASE: dict[str, Any] = {
    "code": "LIC-01",
    "key_date": "2026-05-01",
    "state": "OPEN",
    "outcome": "pending",
    "case_id": "CASE-1",
    "fault": "exporter",
    "disclosed": False,
    "fine_fen": None,
    "declaration_no": f"3104{30:014}",
    "items": [1],
}


class House:
    """The services on one store, with declarations that can be lodged and rules that can change."""

    def __init__(self, store: FactStore, folder: Path) -> None:
        self.store, self.objects, self.now = store, FolderStore(folder), NOON
        self.reference, self.policy = small_reference(), POLICY
        self.questions, self.reviews = ScoreQuestions(store, self.objects), Reviews(store)

    def lodge(self, rows: Sequence[Mapping[str, Any]], first: int = 0, uscc: str = USCC) -> None:
        lodge(self.objects, rows, first, uscc, self.now)

    def score(self, after: timedelta = timedelta(0), uscc: str = USCC) -> str:
        self.now += after
        return Scoring(self.store, self.objects, lambda: self.reference, self.policy, lambda: self.now, build_record).run(uscc)

    def fresh(self) -> Run:
        """The lines as they are lodged, scored here and now."""
        return run(lodged_lines(self.objects, USCC), self.reference, self.policy, self.request((self.now + timedelta(hours=8)).date()))

    def request(self, day: date) -> Request:
        """As the worker asks for a run."""
        return Request(USCC, "feed", day, authority=authority_of(self.store, USCC))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactStore]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as found:
        made = House(found, tmp_path)
        made.lodge(ROWS)
        yield made


def same(one: object, other: object) -> bool:
    """As JSON says it."""
    return bool(json.loads(json.dumps(one)) == json.loads(json.dumps(other)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_stored_answers_are_those_of_a_fresh_run(house: House, lang: Language) -> None:
    result_id = house.score()
    made = house.fresh()
    result, causes, table = made.result, causes_of(made), loss_table(made, POLICY)
    named = {"result_id": result_id, "as_of": "2026-05-17"}
    told = house.questions.explain(USCC, lang)
    assert told["score_exact_micro"] == result.score_exact_micro
    assert [(one["id"], one["points_micro"], one["lines"]) for one in told["findings"]] == [
        (one.id, one.points_micro, len(one.lines)) for one in result.findings
    ]
    assert same(told["causes"], [cause.to_json(lang) for cause in causes])
    for axis, shape in breakdown.to_json(breakdown.breakdowns(made), lang).items():
        assert same(house.questions.explain(USCC, lang, by=axis), named | {"axis": axis} | shape), axis
    for ids in ([result.findings[0].id], [causes[0].id, result.findings[-1].id], [one.id for one in result.findings]):
        gathered = {cause.id: cause.findings for cause in causes}
        assert house.questions.simulate(USCC, ids, lang) == named | simulate(table, ids, gathered).to_json(lang)
    for target in (85, 90, 100):
        assert same(house.questions.plan(USCC, target, lang), named | plan(table, causes, result.findings, target).to_json(lang))
    assert same(house.questions.forecast(USCC, lang), named | (answer_to_json(forecasts(made, house.reference.tariff, POLICY), lang) or {}))
    own = [own_to_json(code, lang) for code in own_list(result, house.reference.confusions)]
    assert same(house.questions.misclassified(USCC, lang), named | {"codes": own})
    assert own


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_lines_supposed_otherwise_score_as_if_they_had_been_lodged_so(house: House, lang: Language) -> None:
    result_id = house.score()
    before = house.fresh().result.score_exact_micro
    edits = {f"3104{place:014}-1": LineEdit(elements={"型号": "YG-18650"}) for place in range(30, 36)}
    told = house.questions.suppose(USCC, {**edits, "no such line": LineEdit(code="8507600090")}, house.reference, lang)
    assert (told["result_id"], told["before_micro"], told["as_stored"], told["unknown_lines"]) == (result_id, before, True, ["no such line"])
    assert told["lines"] == sorted(edits)
    house.now += timedelta(hours=1)
    model = {"specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-18650|2.6Ah|3.6V"}
    house.lodge([*ROWS[:30], *[model] * 6, *ROWS[36:]])
    assert told["score_exact_micro"] == house.fresh().result.score_exact_micro != before
    assert told["insufficient_data"] is None


def test_nothing_is_supposed_of_lines_that_are_gone_or_are_others(house: House) -> None:
    edit = {"3104" + "0" * 14 + "-1": LineEdit(code="8507600090")}
    with pytest.raises(ReportNotReady):
        house.questions.suppose(USCC, edit, house.reference, "zh")
    house.score()
    with pytest.raises(BadInput):
        house.questions.suppose(USCC, {}, house.reference, "zh")
    History(house.objects, USCC).put_lines(lodged_lines(house.objects, USCC).head(40))
    with pytest.raises(LinesNotKept):
        house.questions.suppose(USCC, edit, house.reference, "zh")
    house.objects.put(f"results/{USCC}/lines.parquet", b"")
    with pytest.raises(LinesNotKept) as refused:
        house.questions.suppose(USCC, edit, house.reference, "zh")
    assert (refused.value.code, refused.value.status) == ("not_found", 404)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_finding_is_told_in_both_languages_with_all_its_lines(house: House, lang: Language) -> None:
    house.lodge([WITHOUT_MODEL] * 30, first=1000)
    house.store.put_fact(Fact(enterprise_subject(USCC), "clearance#C-1", stamp_of(NOON, 0, "c"), OPEN_CASE))
    house.score()
    documents = {lang: to_json(house.fresh().result, [], lang)}
    for finding in house.fresh().result.findings:
        told = house.questions.finding(USCC, finding.id[:9].upper(), lang)
        (shape,) = (one for one in documents[lang]["findings"] if one["id"] == finding.id)
        assert same({key: told[key] for key in SAID}, {key: shape[key] for key in SAID})
        assert same(told["evidence"], [in_language(item, lang) for item in finding.evidence])
        assert (told["lines"], told["line_count"], told["language"]) == (list(finding.lines[:20]), len(finding.lines), lang)
        assert house.questions.lines(USCC, finding.id) == finding.lines
    found = house.fresh().result.findings
    assert max(len(finding.lines) for finding in found) > 30
    # What the feed knows of the case is kept: it closes routes.
    assert {bool(finding.circumstances and finding.circumstances.case_open) for finding in found} == {True, False}


def test_what_is_kept_does_not_grow_with_the_lines(house: House) -> None:
    def size() -> int:
        name = house.score(timedelta(hours=1))
        return len(house.objects.get(f"results/{USCC}/2026-05-17/{name}.kept.json"))

    house.lodge(ROWS * 10, first=1000)
    small = size()
    for first in range(2000, 7000, 1000):
        house.lodge(ROWS * 10, first=first)
    assert size() < small * 1.1


def adds_up(told: Mapping[str, Any]) -> None:
    """Every point of the difference is of one kind, move by move."""
    parts = ("by_facts_micro", "by_rules_micro", "undecided_micro")
    assert told["difference_micro"] == told["scores_micro"][1] - told["scores_micro"][0] == sum(told[part] for part in parts)
    for part in (*parts, "points_micro"):
        whole = told["difference_micro"] if part == "points_micro" else told[part]
        assert sum(move[part] for move in told["moves"]) == whole
        assert not told["others"]


def test_rules_are_told_from_facts_though_both_changed_at_once(house: House) -> None:
    house.score()
    before, lines = house.fresh().result, lodged_lines(house.objects, USCC)
    house.now += timedelta(days=1)
    house.lodge([{}] * 6, first=30)  # the six that lacked a model are amended
    house.policy = STRICTER
    house.score()
    told = house.questions.compare(USCC, "en")
    adds_up(told)
    between = run(lines, house.reference, STRICTER, house.request(before.as_of)).result
    after = house.fresh().result
    assert told["by_rules_micro"] == exact(between) - exact(before) < 0
    assert told["by_facts_micro"] == exact(after) - exact(between) > 0
    assert told["undecided_micro"] == 0
    assert {"policy", "as_of", "input_sha256"} <= set(told["changed"])


@pytest.mark.parametrize("lost", ["gone", "others", "no lines at all"])
def test_without_the_earlier_lines_nothing_is_guessed(house: House, lost: str) -> None:
    house.score()
    house.now += timedelta(days=1)
    house.lodge([{}] * 6, first=30)
    house.policy = STRICTER
    key = f"results/{USCC}/lines.parquet"
    if lost == "gone":
        house.objects.delete(key)
    else:
        lodge(elsewhere := FolderStore(house.objects.root / "elsewhere"), ROWS[:-1])
        (segment,) = elsewhere.keys(f"declarations/{USCC}/")
        house.objects.put(key, elsewhere.get(segment) if lost == "others" else b"PAR1")
    house.score()
    told = house.questions.compare(USCC, "zh")
    adds_up(told)
    assert (told["by_facts_micro"], told["by_rules_micro"]) == (0, 0) != (0, told["undecided_micro"])


def test_over_many_results_each_step_tells_what_rules_did(house: House) -> None:
    house.score()
    first = house.fresh().result
    house.now += timedelta(days=1)
    house.lodge([{}] * 6, first=30)
    house.policy = STRICTER
    house.score()
    middle = house.fresh().result
    house.lodge([WITHOUT_UNIT] * 4, first=2000)
    house.score(timedelta(days=1))
    house.policy = POLICY
    house.now += timedelta(days=1)
    house.lodge([{}] * 5, first=36)
    house.score()
    last = house.fresh().result
    steps = [house.questions.compare(USCC, "zh", since=date(2026, 5, day), until=date(2026, 5, day + 1)) for day in (17, 18, 19)]
    whole = house.questions.compare(USCC, "zh", since=date(2026, 5, 17))
    for told in (*steps, whole):
        adds_up(told)
    assert whole["difference_micro"] == exact(last) - exact(first)
    for part in ("by_facts_micro", "by_rules_micro", "undecided_micro"):
        assert whole[part] == sum(step[part] for step in steps)
    # The policy is the same again at the end, and yet both of its changes are told: they were of different declarations.
    assert steps[0]["by_rules_micro"] < 0 < steps[2]["by_rules_micro"]
    assert whole["undecided_micro"] == 0 == steps[1]["by_rules_micro"]
    assert steps[0]["scores_micro"] == [exact(first), exact(middle)]


@pytest.mark.parametrize("damage", ["ledger", "shift"])
def test_what_rules_did_never_passes_for_facts(house: House, damage: str) -> None:
    """Neither where the earlier ledger is gone when rules change, nor where what was kept of it is damaged."""
    first = house.score()
    if damage == "ledger":
        house.objects.delete(f"results/{USCC}/2026-05-17/{first}.json")
    house.policy = STRICTER
    house.score(timedelta(days=1))
    if damage == "shift":
        (key,) = house.objects.keys(f"results/{USCC}/shifts/")
        house.objects.put(key, b'{"computed_at": 7}')
    house.lodge([{}] * 6, first=30)
    house.score(timedelta(days=1))
    told = house.questions.compare(USCC, "zh", since=date(2026, 5, 17))
    adds_up(told)
    assert (told["by_facts_micro"], told["by_rules_micro"]) == (0, 0) != (0, told["undecided_micro"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_trend_tells_why_each_result_was_made_and_what_moved_it(house: House, lang: Language) -> None:
    house.score()
    house.lodge([{}] * 6, first=30)
    house.score(timedelta(hours=1))
    house.policy = STRICTER
    house.score(timedelta(days=1))
    results = house.questions.trend(USCC, lang)["results"]
    assert [[why["part"] for why in one["because"]] for one in results] == [["first_run"], ["declarations"], ["as_of", "policy"]]
    assert all(why["said"] and why["said"] != why["part"] for one in results for why in one["because"])
    assert results[0]["moved"] is None
    for before, one in pairwise(results):
        adds_up(one["moved"])
        assert one["moved"]["scores_micro"] == [before["score_exact_micro"], one["score_exact_micro"]]
    assert results[1]["moved"]["by_rules_micro"] == 0 < results[1]["moved"]["by_facts_micro"]
    assert [move["rule"] for move in results[1]["moved"]["moves"] if move["kind"] == "gone"] == ["ELEMENT_MISSING"]
    assert house.questions.trend(USCC, lang, 2)["results"] == results[1:]
    assert results[-1]["result_id"] == house.questions.explain(USCC, lang)["result_id"]


def test_a_month_of_results_is_read_and_the_days_before_are_not(house: House) -> None:
    for _ in range(4):
        house.score(timedelta(days=1))
    days = [one["as_of"] for one in house.questions.trend(USCC, "zh", 3)["results"]]
    assert days == ["2026-05-19", "2026-05-20", "2026-05-21"]
    with pytest.raises(NotFound):
        house.questions.compare(USCC, "zh", since=date(2026, 5, 1))
    assert house.questions.compare(USCC, "zh", date(2026, 5, 18), date(2026, 5, 19))["as_of"] == ["2026-05-18", "2026-05-19"]


def test_too_few_declarations_are_told_without_points(house: House, tmp_path: Path) -> None:
    house.lodge([WITHOUT_MODEL] * 3, uscc=OTHER)
    house.score(uscc=OTHER)
    told = house.questions.explain(OTHER, "en")
    assert (told["score_exact_micro"], told["insufficient_data"]) == (None, "too_few")
    ids = [finding["id"] for finding in told["findings"]]
    assert house.questions.simulate(OTHER, ids, "en")["after_micro"] is None
    assert (house.questions.plan(OTHER, 90, "en")["steps"], house.questions.plan(OTHER, 90, "en")["reachable"]) == ([], False)
    assert {month["score_exact_micro"] for month in house.questions.forecast(OTHER, "en")["moved"]["months"]} == {None}
    house.lodge(ROWS, first=100, uscc=OTHER)
    house.score(timedelta(days=1), OTHER)
    assert house.questions.compare(OTHER, "en")["difference_micro"] is None


@cache
def another_format() -> bytes:
    """What a later engine may keep."""
    made = run(frame(ROWS), small_reference(), POLICY, Request("e", "feed", NOON.date()))
    return json.dumps(kept_document(made, small_reference(), POLICY) | {"format": 2}).encode()


QUESTIONS: Mapping[str, Any] = {
    "explain": lambda ask, uscc: ask.explain(uscc, "zh"),
    "by": lambda ask, uscc: ask.explain(uscc, "zh", by="code"),
    "finding": lambda ask, uscc: ask.finding(uscc, "00000000", "zh"),
    "lines": lambda ask, uscc: ask.lines(uscc, "00000000"),
    "simulate": lambda ask, uscc: ask.simulate(uscc, ["00000000"], "zh"),
    "plan": lambda ask, uscc: ask.plan(uscc, 90, "zh"),
    "forecast": lambda ask, uscc: ask.forecast(uscc, "zh"),
    "misclassified": lambda ask, uscc: ask.misclassified(uscc, "zh"),
    "trend": lambda ask, uscc: ask.trend(uscc, "zh"),
    "compare": lambda ask, uscc: ask.compare(uscc, "zh"),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("kept", ["never scored", "another format", "half", "gone"])
def test_where_there_is_nothing_to_ask_it_is_not_ready(store: FactStore, tmp_path: Path, question: Any, kept: str) -> None:
    objects = FolderStore(tmp_path)
    uscc = kept.replace(" ", "-")
    if kept != "never scored":
        body = {"result_id": "a" * 24, "as_of": "2026-05-17", "computed_at": "2026-05-17T00:00:00.000000Z"}
        store.put_fact(Fact(enterprise_subject(uscc), "score", stamp_of(NOON, 0, "a"), body))
        if kept != "gone":
            objects.put(f"results/{uscc}/2026-05-17/{'a' * 24}.kept.json", b'{"format": 1, "score_ex' if kept == "half" else another_format())
    with pytest.raises(ReportNotReady):
        question(ScoreQuestions(store, objects), uscc)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda ask: ask.simulate(USCC, [], "zh"), BadInput),
        (lambda ask: ask.simulate(USCC, ["abc"], "zh"), NoSuchFinding),
        (lambda ask: ask.simulate(USCC, ["zzzzzzzzzzzzzzzz"], "zh"), NoSuchFinding),
        (lambda ask: ask.finding(USCC, "", "zh"), NoSuchFinding),
        (lambda ask: ask.finding(USCC, "../../etc/passwd", "en"), NoSuchFinding),
        (lambda ask: ask.finding(USCC, "\x1b[2J\u202e" * 1000, "en"), NoSuchFinding),
        (lambda ask: ask.plan(USCC, 0, "zh"), BadInput),
        (lambda ask: ask.plan(USCC, 101, "zh"), BadInput),
        (lambda ask: ask.explain(USCC, "zh", by="weather"), BadInput),
        (lambda ask: ask.trend(USCC, "zh", 0), BadInput),
        (lambda ask: ask.compare(USCC, "zh"), NotFound),
    ],
)
def test_what_cannot_be_asked_is_refused_in_both_languages(house: House, ask: Any, error: type[EcidError]) -> None:
    house.score()
    with pytest.raises(error) as refusal:
        ask(house.questions)
    sentences = {refusal.value.sentence(lang) for lang in ("zh", "en")}
    assert len(sentences) == 2
    assert all(sentence.isprintable() and len(sentence) < 200 for sentence in sentences)


def test_an_id_resolves_inside_its_own_enterprise_only(house: House) -> None:
    house.lodge(ROWS, uscc=OTHER)
    house.score()
    house.score(uscc=OTHER)
    (own, theirs) = (house.questions.explain(uscc, "zh")["findings"][0]["id"] for uscc in (USCC, OTHER))
    assert own != theirs
    for ask in (house.questions.finding, house.questions.simulate):
        with pytest.raises(NoSuchFinding):
            ask(USCC, theirs if ask == house.questions.finding else [theirs], "zh")  # type: ignore[arg-type]


def test_a_mark_shows_and_moves_nothing(house: House) -> None:
    house.score()
    before = house.questions.explain(USCC, "zh")
    stored = {fact.name: fact for fact in house.store.facts(enterprise_subject(USCC)).facts}
    marked = next(finding["id"] for finding in before["findings"] if finding["rule"] == "ELEMENT_MISSING")
    house.reviews.keep(USCC, marked, "型号由客户贴牌，出厂时无", "王", house.now)
    review = {"because": "型号由客户贴牌，出厂时无", "by": "王", "on": "2026-05-17"}
    told = house.questions.explain(USCC, "zh")
    assert [finding["review"] for finding in told["findings"]] == [review if finding["id"] == marked else None for finding in before["findings"]]
    assert house.questions.finding(USCC, marked, "en")["review"] == review
    for explained in (before, told):
        for finding in explained["findings"]:
            finding["review"] = None
    assert told == before
    house.score(timedelta(hours=1))
    assert {fact.name: fact for fact in house.store.facts(enterprise_subject(USCC)).facts} == stored
    house.lodge([{}] * 6, first=30)  # what was marked is gone now, and the mark is told all the same
    house.score(timedelta(hours=1))
    assert house.questions.explain(USCC, "zh")["reviews_unmatched"] == [{"finding": marked, **review}]
    house.reviews.withdraw(USCC, marked, house.now)
    assert house.questions.explain(USCC, "zh")["reviews_unmatched"] == []


def exact(result: Result) -> int:
    assert result.score_exact_micro is not None
    return result.score_exact_micro
