"""Conversations with language models that are good, wrong, hostile, slow or broken, over real HTTP: whatever they do, nothing ungrounded leaves, and somebody
always answers. What each model says is a script (`models/*.yaml`, read by `models/servers.py`)."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import langsmith
import pytest
import yaml
from langsmith.run_trees import get_cached_client
from langsmith.utils import get_env_var, tracing_is_enabled

from ecid.adapters.conversations import DynamoConversations
from ecid.adapters.dynamodb import DynamoFactStore
from ecid.assistant.caller import Caller
from ecid.assistant.conversation import Event
from ecid.assistant.facts import outside
from ecid.assistant.sentences import sentences
from ecid.assistant.watch import Limits
from ecid.bootstrap.assistant import SettingsModels
from ecid.errors import Language
from ecid.services.converse import Conversing
from ecid.settings import Settings
from tests.adapters.engines import fact_store
from tests.assistant import sample_sources
from tests.assistant.models.servers import BedrockServer, ModelServer, Reply, settle
from tests.assistant.sample_sources import HARBORLIGHT, NOW, SampleSources

# A reply that is given up midway is closed when it is let go of, which `settle` waits for.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
HERE = Path(__file__).parent
SCRIPTS = [case for path in sorted((HERE / "models").glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]
INJECTIONS = [json.loads(line) for line in (HERE / "injections.jsonl").read_text("utf-8").splitlines()]
HOSTILE: list[str] = json.loads((HERE / "hostile_texts.json").read_text("utf-8"))
MODEL = "bedrock_converse:anthropic.claude-3-5-sonnet-20240620-v1:0"
PATIENT = Limits(silence=60, total=120, rest=0)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_WRITTEN_OUT = re.compile(r"[二三四五六七八九]十|百分之|\b(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|percent)\b", re.IGNORECASE)


@dataclass
class Told:
    """What came of a question."""

    events: Sequence[Event]

    @property
    def done(self) -> dict[str, Any]:
        """The last event."""
        assert self.events[-1].name == "done", self.events[-1]
        return dict(self.events[-1].data)

    @property
    def said(self) -> str:
        """All that left, as it would be sent."""
        return json.dumps([[event.name, dict(event.sent)] for event in self.events], ensure_ascii=False)

    def steps(self) -> list[str]:
        """What the statuses told of."""
        return [event.data["step"] for event in self.events if event.name == "status"]

    def reasons(self) -> list[str]:
        """Why the planner answered."""
        return [event.data["reason"] for event in self.events if event.name == "status" and event.data.get("reason")]


class Talk:
    """Conversations with one scripted model."""

    def __init__(self, sources: SampleSources, server: ModelServer, settings: Settings) -> None:
        assert isinstance(sources.store, DynamoFactStore)
        self.server, self._sources, self._settings = server, sources, settings
        self._store = DynamoConversations(sources.store.client, sources.store.settings, NOW.timestamp)

    def ask(self, question: str, replies: Sequence[Reply], lang: Language, caller: Caller, limits: Limits = PATIENT) -> Told:
        """One question in a conversation of its own."""
        self.server.follow(replies)
        conversing = Conversing(self._sources, self._store, SettingsModels(self._settings), self._sources.now, limits)
        opened = conversing.open(caller, lang)
        return Told(tuple(conversing.ask(caller, opened.id, question, lang)))


def settings_for(server: ModelServer, model: str = MODEL) -> Settings:
    return Settings(model=model, model_endpoint=server.address, model_silence_ms=60_000)


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    """Somebody whose requests are signed."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def settled(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread of a model outlives its test."""
    yield
    own = [request.getfixturevalue(name) for name in ("talk", "poisoned") if name in request.fixturenames]
    for one in own:
        (one if isinstance(one, Talk) else one[0]).server.follow([])
    settle()


@pytest.fixture(scope="module")
def talk(fed: tuple[SampleSources, dict[str, str]]) -> Iterator[Talk]:
    with BedrockServer() as server:
        yield Talk(fed[0], server, settings_for(server))


def caller_of(case: dict[str, Any]) -> Caller:
    return Caller.buyer("b") if case.get("as") == "buyer" else Caller.supplier("s", HARBORLIGHT)


@pytest.mark.parametrize("case", SCRIPTS, ids=lambda case: case["id"])
def test_whatever_a_model_does_the_answer_is_grounded(talk: Talk, case: dict[str, Any]) -> None:
    limits = Limits(silence=case.get("silence", 60), total=case.get("total", 120), rest=0)
    told = talk.ask(case["question"], case["replies"], case["lang"], caller_of(case), limits)
    # A silent model is still silent: nobody waited for it.
    assert not talk.server.closing.is_set()
    assert told.done["fallback"] == case.get("fallback")
    assert told.done["model"] == (MODEL if case.get("by") == "model" else "planner")
    assert told.reasons() == ([case["fallback"]] if "fallback" in case else [])
    assert ("repairing" in told.steps()) == (case.get("repaired", False) or case.get("fallback") == "ungrounded")
    if "asked" in case:
        assert len(talk.server.asked) == case["asked"]
    assert [text for text in case.get("present", ()) if text not in told.said] == []
    assert [text for text in case.get("absent", ()) if text in told.said] == []
    assert_grounded(told, case["lang"])


@pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: case["id"])
def test_a_model_that_obeys_what_it_read_is_not_listened_to(talk: Talk, case: dict[str, Any]) -> None:
    """The very words that an injection asks for, handed in twice: first as they are, then between true ones."""
    answer = {"blocks": [{"kind": "paragraph", "text": case["text"]}], "citations": case.get("citations", [])}
    again = {"blocks": [{"kind": "paragraph", "text": "{score.shown}"}, {"kind": "list", "items": [case["text"]]}], "citations": case.get("citations", [])}
    question = "我的评分为什么是这个数？" if case["lang"] == "zh" else "Why is my score what it is?"
    replies = [{"calls": [{"tool": "explain_score"}]}, {"answer": answer}, {"answer": again}]
    told = talk.ask(question, replies, case["lang"], Caller.supplier("s", HARBORLIGHT))
    assert (told.done["model"], told.done["fallback"]) == ("planner", "ungrounded")
    assert case["text"] not in told.said
    assert_grounded(told, case["lang"])


# What the schema of declarations lets through: signs that cannot be seen are refused where data come in.
ORDERS = [text for text in (" ".join(one.split()) for one in (*HOSTILE, *(case["text"] for case in INJECTIONS))) if text.isprintable() and len(text) <= 80]
ROUNDS = 4


@pytest.fixture(scope="module", params=range(ROUNDS))
def poisoned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Talk, set[str]]]:
    """An enterprise that declares orders to language models as the names of its goods; and those orders."""
    folder = tmp_path_factory.mktemp("poisoned")
    shutil.copytree(sample_sources.SAMPLES, folder / "samples")
    table = folder / "samples" / "harborlight" / "declarations.csv"
    rows = list(csv.reader(io.StringIO(table.read_text("utf-8"))))
    place = rows[0].index("商品名称")
    text = dict(zip(sorted({row[place] for row in rows[1:]}), ORDERS[request.param :: ROUNDS], strict=False))
    out = io.StringIO()
    csv.writer(out).writerows([rows[0], *([*row[:place], text[row[place]], *row[place + 1 :]] for row in rows[1:])])
    table.write_text(out.getvalue(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, fact_store("moto", folder) as store, BedrockServer() as server:
        patch.setattr(sample_sources, "SAMPLES", folder / "samples")
        sources = SampleSources(store, folder / "objects")
        sources.feed(("harborlight",), folder / "fed")
        yield Talk(sources, server, settings_for(server)), set(text.values())


def test_goods_names_that_give_orders_reach_the_model_as_data_and_the_reader_as_quotations(poisoned: tuple[Talk, set[str]]) -> None:
    talk, orders = poisoned
    answer = {"blocks": [{"kind": "list", "items": ["{finding.1.goods}", "{finding.2.goods}", "{finding.3.goods}"]}]}
    told = talk.ask("Why is my score what it is?", [{"calls": [{"tool": "explain_score"}]}, {"answer": answer}], "en", Caller.supplier("s", HARBORLIGHT))
    assert told.done["model"] == MODEL
    (listed,) = (event.data for event in told.events if event.name == "block")
    quoted = [re.fullmatch("“([^“”]*)”", item) for item in listed["items"]]
    assert {found and found[1] for found in quoted} <= {outside(order).shown["en"] for order in orders}
    for _, body, _ in talk.server.asked:
        assert not [order for order in orders if json.dumps(order)[1:-1] in json.dumps(body["system"])]
    said = json.dumps(talk.server.asked[-1][1]["messages"], ensure_ascii=False)
    assert [order for order in orders if outside(order).shown["en"][:10] in said]


def test_the_planner_answers_about_goods_names_that_give_orders(poisoned: tuple[Talk, set[str]]) -> None:
    talk, orders = poisoned
    questions: tuple[tuple[str, Language], ...] = (("Which findings cost me most?", "en"), ("哪几项扣分最多？", "zh"))
    for question, lang in questions:
        told = talk.ask(question, [{"status": 500, "error": "InternalServerException"}], lang, Caller.supplier("s", HARBORLIGHT))
        assert told.done["fallback"] == "model_down"
        assert told.events[-2].name in ("block", "citation")
        assert not any(order in told.done["text"].replace(f"“{outside(order).shown[lang]}”", "") for order in orders)


def test_no_trace_of_a_conversation_goes_elsewhere(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    with BedrockServer() as collector:
        for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
            monkeypatch.setenv(name, "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.address)
        monkeypatch.setenv("LANGSMITH_API_KEY", "key")
        get_env_var.cache_clear()
        langsmith.configure(enabled=None)
        try:
            assert tracing_is_enabled()
            told = talk.ask(
                "What is my score?", [{"answer": {"blocks": [{"kind": "paragraph", "text": "{say.hello}"}]}}], "en", Caller.supplier("s", HARBORLIGHT)
            )
            assert told.done["model"] == MODEL
            get_cached_client().flush()
        finally:
            langsmith.configure(enabled=None)
            get_env_var.cache_clear()
        assert collector.asked == []


def test_a_model_reads_the_prompt_the_tools_of_its_caller_and_their_results_and_no_more(talk: Talk) -> None:
    replies = [
        {"calls": [{"tool": "get_record", "arguments": {"domain": "harborlight.example"}}]},
        {"answer": {"blocks": [{"kind": "paragraph", "text": "{say.no_verdict}"}]}},
    ]
    talk.ask("What is on the record of harborlight.example?", replies, "en", Caller.buyer("b"))
    (path, first, headers), (_, second, _) = talk.server.asked
    assert path == f"/model/{MODEL.partition(':')[2]}/converse-stream"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    names = {tool["toolSpec"]["name"] for tool in first["toolConfig"]["tools"]}
    assert "answer" in names
    assert not names & {"explain_score", "get_finding", "simulate", "plan", "forecast", "compare", "trend", "misclassified"}
    results = [block["toolResult"] for message in second["messages"] for block in message["content"] if "toolResult" in block]
    assert "harborlight.example" in json.dumps(results)
    assert HARBORLIGHT not in json.dumps(first)


def test_a_model_that_failed_is_left_alone_for_a_while(talk: Talk, fed: tuple[SampleSources, dict[str, str]]) -> None:
    talk.server.follow([{"status": 500, "error": "InternalServerException"}])
    store = fed[0].store
    assert isinstance(store, DynamoFactStore)
    conversing = Conversing(
        fed[0], DynamoConversations(store.client, store.settings, NOW.timestamp), SettingsModels(talk._settings), fed[0].now, Limits(silence=60, rest=3_600)
    )
    caller = Caller.supplier("s", HARBORLIGHT)
    opened = conversing.open(caller, "en")
    for _ in range(3):
        told = Told(tuple(conversing.ask(caller, opened.id, "What is my score?", "en")))
        assert told.done["fallback"] == "model_down"
    assert len(talk.server.asked) == 1


def assert_grounded(told: Told, lang: Language) -> None:
    """Looked at without the code of the check: each figure of a block is one that a tool gave or a reviewed sentence holds; prose has none of its own."""
    results = told.done["results"]
    known = set(_FIGURE.findall(json.dumps(results, ensure_ascii=False)))
    known |= {figure for sentence in sentences().values() for figure in _FIGURE.findall(sentence.text[lang])}
    shown = sorted((fact["shown"][lang] for result in results for fact in result["facts"].values()), key=len, reverse=True)
    spoken = [piece for sentence in sentences().values() for piece in re.split(r"\{[^}]*\}", sentence.text[lang]) if piece.strip()]
    for event in told.events:
        if event.name == "block":
            assert set(_FIGURE.findall(unicodedata.normalize("NFKC", json.dumps(event.data, ensure_ascii=False)))) <= known, event.data
            for text in _prose(event.data):
                for one in (*shown, *spoken):
                    text = text.replace(one, " ") if len(one) > 1 or not one.isalpha() else text  # noqa: PLW2901
                assert not _FIGURE.search(text), (text, event.data)
                assert not _WRITTEN_OUT.search(text), (text, event.data)
        elif event.name == "citation":
            assert event.data["id"] in {one["id"] for result in results for one in result["citations"]}
    assert "http" not in "".join(json.dumps(event.data) for event in told.events if event.name == "block").lower()


def _prose(block: dict[str, Any]) -> list[str]:
    """What is written in words: blocks that tools made are theirs."""
    cells = [cell for row in block.get("rows", ()) for cell in row]
    return [text for text in (block.get("text", ""), *block.get("items", ()), *block.get("head", ()), *cells) if isinstance(text, str)]
