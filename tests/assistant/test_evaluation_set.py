"""The evaluation set of the assistant is well-formed and balanced, holds with the samples, and its runner finds what is wrong."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ecid.adapters.embedded_engine import find_engine
from ecid.bootstrap import LocalPlatform, feed_samples
from ecid.knowledge.records import KINDS
from ecid.settings import CHECKOUT, Settings
from tests.pack_index import lend

ROOT = Path(__file__).parents[2]
SET = ROOT / "knowledge" / "evaluation" / "assistant.jsonl"
DOC = (ROOT / "docs" / "assistant-evaluation.md").read_text("utf-8")
QUESTIONS: list[dict[str, Any]] = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
ASKED = [one for one in QUESTIONS if not one.get("later")]
KEYS = ["id", "conversation", "turn", "kind", "caller", "lang", "question", "intents", "facts", "must_not", "cites", "refuses"]
SETS = ("knowledge/evaluation/assistant.jsonl", "knowledge/evaluation/assistant_unseen.jsonl")
HAN = re.compile(r"[\u4e00-\u9fff]")
OF_THE_OWNER = {"score", "dimension", "finding", "plan", "simulate", "forecast", "misclassified"}


@pytest.fixture(scope="module")
def runner() -> Iterator[ModuleType]:
    """`tools/evaluate_assistant.py`, which finds its neighbour as a script does."""
    sys.path.insert(0, str(ROOT / "tools"))
    yield importlib.import_module("evaluate_assistant")
    sys.path.remove(str(ROOT / "tools"))


def documented(heading: str) -> set[str]:
    """The names in the first column of the table under a heading."""
    part = DOC.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {name for cell in re.findall(r"^\| (`[^|]+`) \|", part, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)}


def names_in(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A fact, or those of which one is enough."""
    return list(one["any"]) if "any" in one else [one]


def facts_of(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [single for fact in question["facts"] for single in names_in(fact)]


def test_it_is_the_one_that_is_documented() -> None:
    digest = hashlib.sha256(SET.read_bytes()).hexdigest()
    assert f"`{digest}`" in DOC, digest
    for name, number in (("all", len(QUESTIONS)), ("asked", len(ASKED)), ("hostile", sum(one["kind"] == "hostile" for one in QUESTIONS))):
        assert f"{name}: {number}" in DOC, (name, number)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_a_line_is_well_formed(question: dict[str, Any]) -> None:
    assert [key for key in question if key != "later"] == KEYS
    assert question.get("later", True) is True
    assert question["kind"] in documented("Kinds")
    assert question["lang"] in ("zh", "en")
    assert question["question"].strip()
    assert {name for one in question["intents"] for name in one.split("|")} <= documented("Intents")
    assert question["refuses"] is None or set(question["refuses"].split("|")) <= documented("Refusals")
    for fact in [*facts_of(question), *(one for one in question["must_not"] if isinstance(one, dict))]:
        assert set(fact) in ({"text"}, {"from"}, {"from", "of"}, {"from", "of", "market"}, {"from", "market"}, {"from", "enterprise"}), fact
        assert "text" in fact or fact["from"].split(".")[0] in documented("Facts"), fact
    for wanted in question["cites"]:
        assert all(name in KINDS or re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name) for name in wanted.split("|")), wanted


def test_ids_are_unique_and_in_order() -> None:
    assert [one["id"] for one in QUESTIONS] == [f"a{number:03}" for number in range(1, len(QUESTIONS) + 1)]
    assert max(Counter((one["question"], json.dumps(one["caller"]), one["turn"]) for one in QUESTIONS).values()) == 1


def test_conversations_are_whole() -> None:
    groups = [list(group) for _, group in groupby(QUESTIONS, key=lambda one: one["conversation"])]
    assert len(groups) == len({one["conversation"] for one in QUESTIONS}), "the turns of a conversation follow each other"
    for group in groups:
        assert [one["turn"] for one in group] == list(range(1, len(group) + 1))
        assert len({json.dumps(one["caller"], sort_keys=True) for one in group}) == 1
        assert len({bool(one.get("later")) for one in group}) == 1
    assert sum(len(group) > 1 for group in groups) >= 30


def test_callers_are_of_each_role() -> None:
    for question in QUESTIONS:
        caller = question["caller"]
        assert set(caller) == ({"role", "domain"} if caller["role"] == "buyer" else {"role", "enterprise"})
        if caller["role"] == "buyer":
            assert not {one["from"].split(".")[0] for one in facts_of(question) if "from" in one} & OF_THE_OWNER, question["id"]
    roles = Counter(question["caller"]["role"] for question in ASKED)
    assert set(roles) == {"buyer", "supplier", "consultant"}
    assert min(roles.values()) >= 40


def test_it_is_balanced() -> None:
    assert len(ASKED) >= 160
    for some in (QUESTIONS, ASKED, [one for one in ASKED if one["kind"] == "hostile"]):
        languages = Counter(one["lang"] for one in some)
        assert languages["zh"] == languages["en"]
    spoken = [(one["lang"], one["question"]) for one in QUESTIONS if one["turn"] == 1]
    assert all(HAN.search(text) for lang, text in spoken if lang == "zh")
    assert all(re.search("[a-z]", text) for lang, text in spoken if lang == "en")


def test_every_capability_is_asked_for() -> None:
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for question in QUESTIONS:
        for name in {name for one in question["intents"] for name in one.split("|")}:
            asked[name][question["lang"]] += 1
    assert set(asked) == documented("Intents")
    for name, languages in asked.items():
        assert languages["zh"] + languages["en"] >= 3, name
        assert min(languages["zh"], languages["en"]) >= 1, name


def test_hostile_ones_say_what_must_not_happen() -> None:
    hostile = [one for one in ASKED if one["kind"] == "hostile"]
    assert len(hostile) >= 25
    for question in hostile:
        assert question["refuses"], question["id"]
    assert sum(bool(one["must_not"]) for one in hostile) >= 0.8 * len(hostile)
    assert {name for one in hostile for name in one["refuses"].split("|")} >= {"injection", "secrets", "others_data", "change_score"}


class Fixed(LocalPlatform):
    """A machine on the day for which the samples were looked at."""

    def now(self) -> datetime:
        """Noon in Beijing."""
        return datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """The samples, fed and scored; nothing is written to it."""
    if find_engine([CHECKOUT]) is None:
        pytest.skip("the embedded engine is not installed (npm ci)")
    fed = Fixed(Settings(home=lend(tmp_path_factory.mktemp("assistant") / "home")))
    try:
        assert not [one for one in feed_samples(fed) if one.failed or one.unscored]
        yield fed
    finally:
        fed.close()


def test_everything_named_is_there_in_the_samples(machine: LocalPlatform, runner: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.check(machine, QUESTIONS) == 0, capsys.readouterr().out
    for fact in ({"from": "finding.99.points"}, {"from": "score.mood"}, {"from": "moods.best"}, {"from": "record.aeo.level", "of": "nobody-here.example"}):
        assert runner.check(machine, [QUESTIONS[0] | {"facts": [fact]}]) == 1, fact
    assert runner.check(machine, [QUESTIONS[0] | {"cites": ["note-ch00-1"]}]) == 1


def right_answer(judge: Any, runner: ModuleType, question: dict[str, Any]) -> Any:
    """What a perfect assistant would answer: every fact in the first of its forms, what is wanted cited, refused where it should be."""
    text = "\n".join(accepted[0] for _, accepted in judge.facts(question))
    named = [wanted.split("|")[0] for wanted in question["cites"]]
    records = [
        judge.record({"procedure": "proc-disclosure-where", "ruling_rule": "ruling-when-worth-it", "line": "line-pack-2025-85076000"}.get(name, name), "en")
        for name in named
    ]
    citations = tuple({"id": one["id"], "quote": one["text"][:20], "lapsed": not one["in_force"]} for one in records)
    reason = question["refuses"].split("|")[0] if question["refuses"] else None
    intents = tuple(one.split("|")[0] for one in question["intents"])
    return runner.Observed(text, citations, intents, None if reason == "either" else reason, (text,), 1.0)


def test_a_right_answer_is_right_and_an_empty_one_is_not(machine: LocalPlatform, runner: ModuleType) -> None:
    judge = runner.Judge(machine)
    right = [judge.judge(question, right_answer(judge, runner, question)) for question in QUESTIONS]
    assert [runner.misses(one) for one in right if runner.misses(one)] == []
    told = runner.figures(right)
    assert (told["intent_accuracy"], told["fact_recall"], told["citation_precision"], told["refusal_accuracy"], told["invented_figures"]) == (1, 1, 1, 1, 0)
    empty = runner.figures([judge.judge(question, runner.Observed("", intents=(), results=())) for question in QUESTIONS])
    assert (empty["intent_accuracy"], empty["fact_recall"], empty["citations_found"]) == (0, 0, 0)
    assert empty["refusal_accuracy"] < 1


LIMITS = tomllib.loads((Path(__file__).parent / "evaluation_limits.toml").read_text("utf-8"))["planner"]


def test_the_planner_answers_it(machine: LocalPlatform, runner: ModuleType) -> None:
    judged = runner.asked_all(machine, machine.converse, ASKED)
    told = runner.figures(judged)
    wrong = [json.dumps(one, ensure_ascii=False) for one in map(runner.misses, judged) if one]
    short = {name: (told[name], least) for name, least in LIMITS["at_least"].items() if told[name] < least}
    over = {name: (told[name], most) for name, most in LIMITS["at_most"].items() if told[name] > most}
    assert (short, over) == ({}, {}), "\n".join(wrong)


def test_the_page_tells_what_was_measured_on_these_very_sets(runner: ModuleType) -> None:
    section = DOC.partition(f"\n{runner.MEASURED}\n")[2]
    named = re.findall(r"`(knowledge/[a-z_/]+\.jsonl)`, sha256 `([0-9a-f]{64})`:", section)
    assert named == [(path, hashlib.sha256((ROOT / path).read_bytes()).hexdigest()) for path in SETS], "make eval"
    assert section.count("| all |") == len(SETS)
    assert not [one["id"] for one in QUESTIONS if one["question"] in section]


def test_of_a_set_that_nobody_may_read_only_totals_are_told(runner: ModuleType, tmp_path: Path) -> None:
    assert [runner.is_blind(ROOT / path) for path in SETS] == [False, True]
    judged = [runner.Judged(QUESTIONS[0], runner.Observed("", milliseconds=10), intent=False)]
    assert set(re.findall(r"^\| (\w+) \|", runner.table(judged, blind=True), re.MULTILINE)) == {"all", "en"}
    assert set(re.findall(r"^\| (\w+) \|", runner.table(judged, blind=False), re.MULTILINE)) == {"all", "en", "supplier", "plain"}


SHOWN = [
    ("It lost 6.0 points.", "6.0", True),
    ("It lost 16.0 points.", "6.0", False),
    ("It lost 6.05 points.", "6.0", False),
    ("Your score is 82.", "82", True),
    ("Your score is 82.8.", "82", False),
    ("评分82分", "82", True),
    ("评分８２分", "82", True),
    ("in 1,234 lines", "1,234", True),
    ("Not recognised", "Recognised", False),
    ("It is Recognised.", "Recognised", True),
    ("高级认证企业", "认证企业", False),
    ("一家认证企业", "认证企业", True),
    ("Displayed, with warnings", "Displayed", False),
]


@pytest.mark.parametrize(("answer", "shown", "is_shown"), SHOWN)
def test_a_figure_is_shown_whole_or_not_at_all(runner: ModuleType, answer: str, shown: str, is_shown: bool) -> None:
    assert runner.shows(answer, [shown]) is is_shown


INVENTED = [
    ("You lost 6.0 points on 22 lines.", ['{"points": "6.0", "lines": 22}'], []),
    ("You lost 6.1 points on 22 lines.", ['{"points": "6.0", "lines": 22}'], ["6.1"]),
    ("until 7 May 2026", ["2026-05-07"], []),
    ("until 8 May 2026", ["2026-05-07"], ["8"]),
    ("code 9405.42.90", ['"9405429000"'], []),
    ("heading 9405", ['"9405429000"'], []),
    ("heading 9406", ['"9405429000"'], ["9406"]),
    ("9405.41.00", ['"9405429000"'], ["9405.41.00"]),
    ("RMB 1,234.50", ['"1234.50"'], []),
    ("共２２行", ['{"lines": 23}'], ["22"]),
    ("no figure", [], []),
]


@pytest.mark.parametrize(("text", "known", "found"), INVENTED)
def test_invented_figures_are_found(runner: ModuleType, text: str, known: list[str], found: list[str]) -> None:
    assert runner.invented(text, known) == found


@pytest.mark.parametrize(
    ("wanted", "told", "right"),
    [
        (["why_score"], ["why_score"], True),
        (["why_score", "plan_to_target"], ["plan_to_target", "why_score"], True),
        (["why_score|costliest_findings"], ["costliest_findings"], True),
        (["why_score", "plan_to_target"], ["why_score"], False),
        (["why_score"], ["why_score", "forecast"], False),
        (["why_score"], [], False),
        (["why_score"], None, None),
    ],
)
def test_intents_are_all_wanted_and_no_others(runner: ModuleType, wanted: list[str], told: list[str] | None, right: bool | None) -> None:
    assert runner.intent_right(wanted, told) is right


@pytest.mark.parametrize(
    ("wanted", "refused", "right"),
    [
        (None, None, True),
        (None, "off_topic", False),
        ("injection|secrets", "secrets", True),
        ("injection", None, False),
        ("injection", "off_topic", False),
        ("either", "injection", None),
        ("either", None, None),
    ],
)
def test_refusals(runner: ModuleType, wanted: str | None, refused: str | None, right: bool | None) -> None:
    assert runner.refusal_right(wanted, runner.Observed("", refused=refused)) is right


RECORD = {
    "kind": "note",
    "titles": {"en": "Note 3"},
    "texts": {"en": "Exactly these words.", "zh": "正是此话。"},
    "facts": {},
    "valid_from": "2022-01-01",
    "valid_to": None,
    "in_force": True,
}


LAPSED = RECORD | {"valid_to": "2023-06-30", "in_force": False}


@pytest.mark.parametrize(("asked", "sound"), [([], False), (["2023-06-30"], True), (["2023-07-01"], False), (["2021-12-31"], False)])
def test_a_citation_is_judged_by_the_day_that_was_asked_about(runner: ModuleType, asked: list[str], sound: bool) -> None:
    assert runner.citation_sound({"id": "n", "valid_to": "2023-06-30"}, LAPSED, asked) is sound


@pytest.mark.parametrize(
    ("cited", "record", "sound"),
    [
        ({"id": "n", "quote": "these words", "valid_from": "2022-01-01", "valid_to": None}, RECORD, True),
        ({"id": "n", "quote": "正是…"}, RECORD, True),
        ({"id": "n", "quote": "those words"}, RECORD, False),
        ({"id": "n", "valid_from": "2023-01-01"}, RECORD, False),
        ({"id": "n"}, None, False),
        ({"id": "n"}, RECORD | {"in_force": False}, False),
        ({"id": "n", "lapsed": True}, RECORD | {"in_force": False}, True),
    ],
)
def test_citations(runner: ModuleType, cited: dict[str, Any], record: dict[str, Any] | None, sound: bool) -> None:
    assert runner.citation_sound(cited, record) is sound


def test_what_went_wrong_is_counted_and_told(runner: ModuleType) -> None:
    question = QUESTIONS[0]
    good = runner.Judged(question, runner.Observed("", milliseconds=10), intent=True, facts={"a": True, "b": True}, invented=[], citations=[True], refusal=True)
    bad = runner.Judged(question, runner.Observed("", milliseconds=30), False, {"a": True, "b": False}, ["95"], ["7"], [False], {"note": False}, False)
    assert runner.misses(good) is None
    assert set(runner.misses(bad)) == {"id", "question", "facts", "said", "invented", "unsound_citations", "not_cited", "refused"}
    told = runner.figures([good, bad])
    assert (told["intent_accuracy"], told["fact_recall"], told["invented_figures"], told["citation_precision"]) == (0.5, 0.75, 1, 0.5)
    assert (told["refusal_accuracy"], told["said_what_must_not"], told["citations_found"], told["p95_ms"]) == (0.5, 1, 0.0, 30)
    blind = runner.figures([runner.Judged(question, runner.Observed(""))])
    assert (blind["intent_accuracy"], blind["invented_figures"], blind["citation_precision"]) == (None, None, None)


def test_later_ones_are_left_out_and_conversations_asked_whole(runner: ModuleType) -> None:
    assert runner.load(SET) == ASKED
    only = runner.load(SET, ["a002"])
    assert {one["conversation"] for one in only} == {QUESTIONS[1]["conversation"]}
    assert [one["turn"] for one in only] == list(range(1, len(only) + 1))
