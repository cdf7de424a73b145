"""`ecid ask`: who asks, what is answered and shown, on a machine with sample enterprises."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from ecid import bootstrap
from ecid.assistant.blocks import (
    Action,
    Citation,
    Citations,
    Clause,
    FindingBlock,
    ListBlock,
    Paragraph,
    PlanBlock,
    Question,
    Route,
    ScoreBar,
    Share,
    Step,
    Table,
    to_json,
)
from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform, Platform
from ecid.cli.answer_blocks import shown, sources
from ecid.cli.ask import NoSuchConversation, ask_command
from ecid.cli.callers import NoSuchCaller
from ecid.errors import BadInput, InvalidDomain, Language
from ecid.settings import CHECKOUT, Settings
from tests.gateways import running
from tests.pack_index import lend

HARBORLIGHT = "914403005867203466"
ASKED = "why is my score 82?"


def run(machine: Platform, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "150", "LANG": "C.UTF-8", "LC_ALL": ""}).invoke(ask_command, arguments, obj=machine)


def answer(machine: Platform, *arguments: str) -> dict[str, Any]:
    done = run(machine, *arguments, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("question", "lang"), [(ASKED, "en"), ("为什么是82分？", "zh")])
def test_why_is_my_score_82(machine: LocalPlatform, question: str, lang: Language) -> None:
    told = answer(machine, question, "--as", "harborlight.example")
    assert list(told) == ["blocks", "text", "citations", "conversation"]
    ledger = machine.questions().explain(HARBORLIGHT, lang)
    assert ledger["score"] == 82
    bar = next(block for block in told["blocks"] if block["kind"] == "score_bar")
    assert bar["score_micro"] == ledger["score_exact_micro"]
    assert {one["dimension"]: one["lost_micro"] for one in bar["dimensions"]} == {one["dimension"]: one["lost_micro"] for one in ledger["dimensions"]}
    findings = [block for block in told["blocks"] if block["kind"] == "finding"]
    assert [(one["id"], one["points_micro"], one["line_count"]) for one in findings] == [
        (one["id"], one["points_micro"], one["lines"]) for one in ledger["findings"][:3]
    ]
    plans = {block["target"]: block for block in told["blocks"] if block["kind"] == "plan"}
    assert 90 in plans
    for target in (85, 90):
        wanted = [step["score_micro"] for step in machine.questions().plan(HARBORLIGHT, target, lang)["steps"]]
        assert target not in plans or [step["score_micro"] for step in plans[target]["steps"]] == wanted
        assert f"{wanted[-1] // 100_000 / 10:.1f}" in told["text"]
    for cited in told["citations"]:
        assert machine.clauses.get(cited["id"], lang)["valid_from"] == cited["valid_from"]


@pytest.mark.parametrize(
    ("question", "words"),
    [(ASKED, ["82.8", "17.2", "█", "┃", "SAME_GOODS_SPLIT", "[1]"]), ("为什么是82分？", ["82.8", "扣17.2分", "█", "┃", "SAME_GOODS_SPLIT", "[1]"])],
)
def test_it_is_shown_as_tables_and_bars(machine: LocalPlatform, question: str, words: list[str]) -> None:
    done = run(machine, question, "--as", "harborlight.example")
    assert done.exit_code == 0
    assert [word for word in words if word not in done.stdout] == []
    assert "--conversation" in done.stderr


def test_status_events_are_told_on_standard_error(machine: LocalPlatform) -> None:
    done = run(machine, "which elements does 85414300 want?", "--buyer")
    lines = done.stderr.splitlines()
    assert len(lines) >= 3
    assert not set(lines) & set(done.stdout.splitlines())


def test_a_conversation_goes_on(machine: LocalPlatform) -> None:
    begun = answer(machine, "which finding costs me most?", "--as", "harborlight.example")
    gone_on = answer(machine, "and the second one?", "--as", "harborlight.example", "--conversation", begun["conversation"])
    assert gone_on["conversation"] == begun["conversation"]
    second = machine.questions().explain(HARBORLIGHT, "en")["findings"][1]
    assert second["id"] in {block.get("id") for block in gone_on["blocks"]}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_buyer_says_once_whose_website_is_looked_at(machine: LocalPlatform, lang: Language) -> None:
    question = {"zh": "这家的AEO状态是什么？", "en": "what is its AEO status?"}[lang]
    named = answer(machine, question, "--buyer", "--domain", "https://www.harborlight.example/contact")
    assert "SAMPLE-2026-0401" in named["text"]
    assert "SAMPLE-2026-0401" not in answer(machine, question, "--buyer")["text"]


def test_a_website_belongs_to_a_new_conversation(machine: LocalPlatform) -> None:
    begun = answer(machine, "hello", "--buyer")
    done = run(machine, "hello", "--buyer", "--conversation", begun["conversation"], "--domain", "harborlight.example")
    assert done.exit_code == 2
    assert isinstance(run(machine, "hello", "--buyer", "--domain", "not a domain").exception, InvalidDomain)


@pytest.mark.parametrize("caller", [["--buyer"], ["--as", "brightcell.example"]])
def test_a_conversation_is_nobody_elses(machine: LocalPlatform, caller: list[str]) -> None:
    begun = answer(machine, "hello", "--as", "harborlight.example")
    error = run(machine, "hello", *caller, "--conversation", begun["conversation"]).exception
    assert isinstance(error, NoSuchConversation)


@pytest.mark.parametrize(
    "name", ["harborlight.example", "https://www.harborlight.example/about", HARBORLIGHT, "样例港灯照明有限公司", "港灯", "HARBORLIGHT lighting"]
)
def test_an_enterprise_has_many_names(machine: LocalPlatform, name: str) -> None:
    assert "82.8" in answer(machine, "what is my score?", "--as", name)["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--as harborlight.example", "(82)", "--as brightcell.example", "--buyer"]),
        (["--as", "样例"], ["--as harborlight.example", "--as newleaf.example"]),
        (["--as", "nobody-here.example"], ["--as harborlight.example"]),
        (["--as", "91370302MA3C8R5K6T"], ["--as harborlight.example"]),
        (["--as", "\x1b[2J{said}"], ["--as harborlight.example"]),
        (["--as", ""], ["--as harborlight.example"]),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_is_not_known_is_shown_who_is(machine: LocalPlatform, arguments: list[str], words: list[str], lang: Language) -> None:
    error = run(machine, ASKED, *arguments, "--lang", lang).exception
    assert isinstance(error, NoSuchCaller)
    said = error.sentence(lang)
    assert [word for word in words if word not in said] == []
    assert "\x1b" not in said


def test_with_one_score_nobody_has_to_be_named(machine: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [fact for fact in machine.store.facts("platform").facts if not fact.name.endswith("91330282MA2H7K4W68")]
    monkeypatch.setattr("ecid.cli.callers.enterprises_of", lambda _: [fact.name.removeprefix("enterprise#") for fact in known])
    assert "82.8" in answer(machine, "what is my score?")["text"]


@pytest.mark.parametrize("question", ["make my score 95", "what is the weather?", "把我的分数改成95", "show me the lines of brightcell.example"])
def test_a_refusal_is_an_answer(machine: LocalPlatform, question: str) -> None:
    done = run(machine, question, "--as", "harborlight.example")
    assert (done.exit_code, bool(done.stdout.strip())) == (0, True)


@pytest.mark.parametrize("question", ["", "   ", "x" * 2001])
def test_what_is_no_question_is_bad_input(machine: LocalPlatform, question: str) -> None:
    assert isinstance(run(machine, question, "--buyer").exception, BadInput)


def test_a_buyer_sees_no_ledger(machine: LocalPlatform) -> None:
    told = answer(machine, "why did harborlight.example lose points, which lines?", "--buyer")
    assert not {"finding", "score_bar", "plan"} & {block["kind"] for block in told["blocks"]}
    assert "531620" not in told["text"]


def test_a_machine_that_knows_nobody_names_samples(tmp_path: Path) -> None:
    empty = LocalPlatform(Settings(home=lend(tmp_path / "home")))
    try:
        error = run(empty, ASKED).exception
    finally:
        empty.close()
    assert isinstance(error, NoSuchCaller)
    assert "--as harborlight.example" in error.sentence("zh")


FINDING = FindingBlock(
    1, "f" * 16, "RULE", "Title [red]", None, None, 5, "85076000", "[bold]goods", ("1-1", "1-2"), 1200, ("85",), (Clause("c-1", "Clause", "words"),),
    "Why?", (Route("ruling", "Ruling", "open", "2026-12-01", None), Route("amend", "Amend", "excluded", None, "too late")),
)  # fmt: skip
BLOCKS = [
    (Paragraph("[bold]text"), ["[bold]text"]),
    (ListBlock(("[a]", "b")), ["• [a]", "• b"]),
    (Table(("[h]", "k"), (("[c]", "d"),), "Title"), ["[h]", "[c]", "Title"]),
    (Question("Which?"), ["? Which?"]),
    (Action("open_clause", "Open", "c-1"), ["→ Open", "c-1"]),
    (FINDING, ["Title [red]", "[bold]goods", "1,200", "Why?", "Clause [c-1]", "too late"]),
    (ScoreBar("82.8", "17.2", 1, (Share(1, "One", "0.1", "8.0", 1, 8), Share(2, "Two", None, "8.0", None, 8)), "1.0"), ["82.8", "█", "–", "1.0"]),
    (ScoreBar(None, None, None, ()), []),
    (PlanBlock(90, True, "82.8", "91.0", (Step(1, "c", "Do [it]", "What", 3, "91.0", 1, None, "2028-01-02"),), "If."), ["Do [it]", "91.0", "If."]),
    (PlanBlock(90, False, "82.8", "82.8", (), "If."), ["82.8", "If."]),
    (Citations((Citation("c-1", "Clause", "words", "2022-01-01", "2023-01-01", True, gloss="in English"),)), ["[1] Clause", "words", "in English"]),
]  # fmt: skip


@pytest.mark.parametrize(("block", "words"), BLOCKS, ids=lambda value: getattr(value, "kind", ""))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_kind_of_block_is_shown(block: Any, words: list[str], lang: Language) -> None:
    console = Console(width=120, record=True)
    told = json.loads(json.dumps(to_json(block)))
    console.print(*shown([told, told], lang), sep="\n")
    text = console.export_text()
    assert [word for word in words if word not in text] == []


def test_sources_are_shown_whole_and_what_is_not_known_as_far_as_it_can_be() -> None:
    console = Console(width=120, record=True)
    cited = {
        "id": "c-1",
        "title": "Clause",
        "quote": "words",
        "gloss": "",
        "valid_from": "2022-01-01",
        "valid_to": None,
        "lapsed": False,
        "url": "/v1/clauses/c-1",
    }
    console.print(*sources([cited], "en"), *shown([{"kind": "hologram", "text": "from later"}, {"kind": "finding"}, {}], "en"), sep="\n")
    text = console.export_text()
    assert "/v1/clauses/c-1" in text
    assert "from later" in text


@pytest.fixture(scope="module")
def address(machine: LocalPlatform) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "platform", lambda: machine)
        with running(CHECKOUT) as served:
            yield served


@pytest.fixture
def nothing(tmp_path: Path) -> Platform:
    """A machine that knows nothing: what it shows came from the server."""
    return Platform(Settings(home=tmp_path, pack_dir=tmp_path))


@pytest.mark.parametrize("question", [ASKED, "失信对我的AEO意味着什么？", "make my score 95"])
def test_a_server_answers_as_this_machine_does(machine: LocalPlatform, address: str, nothing: Platform, question: str) -> None:
    token = machine.token(Caller.supplier("u-1", HARBORLIGHT), 5)
    here = answer(machine, question, "--as", "harborlight.example")
    there = answer(nothing, question, "--server", address, "--token", token)
    assert {**there, "conversation": ""} == {**here, "conversation": ""}


def test_a_token_that_is_none_is_refused(address: str, nothing: Platform) -> None:
    done = run(nothing, ASKED, "--server", address, "--token", "nonsense")
    assert (done.exit_code, "not_authorized" in done.stderr) == (2, True)


def test_commands_start_without_what_answers_need() -> None:
    program = (
        "import sys, ecid.cli.ask, ecid.cli.chat, ecid.cli.main; print(sorted({'langchain', 'langchain_core', 'numpy', 'polars', 'boto3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip() == "[]"
