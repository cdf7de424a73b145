"""The language model that an operator chooses: what can be one, and that it is asked within bounds, at its own address, and by nobody else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import langsmith
import pytest
from botocore.exceptions import ClientError
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.tools import tool
from langsmith.run_trees import get_cached_client
from langsmith.utils import get_env_var, tracing_is_enabled

from ecid.adapters.models import chosen
from ecid.assistant import prompt
from ecid.assistant.blocks import ActionKind
from ecid.assistant.caller import Caller
from ecid.assistant.drafts import SLOT, DraftAnswer
from ecid.assistant.langchain_tools import ANSWER
from ecid.assistant.prompt import repeated, system_prompt
from ecid.assistant.prose import faults
from ecid.assistant.sentences import sentences
from ecid.assistant.toolbox import ARGUMENTS, OF_THE_LEDGER
from ecid.errors import BadInput, Language
from ecid.services.assistant_tools import toolbox
from ecid.settings import Settings
from tests.assistant.models.servers import BedrockServer, OpenAiServer, settle
from tests.assistant.sample_sources import HARBORLIGHT, SampleSources

# A reply that is given up midway is closed when it is let go of, which `settle` waits for.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
NAME = "anthropic.claude-3-5-sonnet-20240620-v1:0"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
CALLERS = (Caller.supplier("s", HARBORLIGHT), Caller.buyer("b"))
CALL = {"text": "Well.", "calls": [{"tool": "plan", "arguments": {"target": 90, "名称": "灯"}}]}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whose requests are signed; no profile of this machine's user."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1", "AWS_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def settled() -> Iterator[None]:
    """No connection outlives its test."""
    yield
    settle()


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as server:
        yield server


def model_at(address: str, model: str = f"bedrock_converse:{NAME}") -> BaseChatModel:
    found = chosen(Settings(model=model, model_endpoint=address))
    assert found is not None
    return found


def test_the_planner_is_no_language_model() -> None:
    assert chosen(Settings()) is None


@pytest.mark.parametrize(
    ("model", "endpoint", "said"),
    [
        ("sonnet", "", "ECID_MODEL: planner, or PROVIDER:NAME"),
        ("bedrock_converse:", "", "ECID_MODEL: planner, or PROVIDER:NAME"),
        (":name", "", "ECID_MODEL: planner, or PROVIDER:NAME"),
        ("bedrock_converse:a\nb", "", "ECID_MODEL: planner, or PROVIDER:NAME"),
        ("oracle_of_delphi:pythia", "", "ECID_MODEL: no such provider of models"),
        ("anthropic:claude", "", "ECID_MODEL: install the package langchain-anthropic"),
        (f"bedrock_converse:{NAME}", "localhost:8080", "ECID_MODEL_ENDPOINT: an address"),
        (f"bedrock_converse:{NAME}", "ftp://127.0.0.1/", "ECID_MODEL_ENDPOINT: an address"),
        (f"bedrock_converse:{NAME}", "http://user:secret@127.0.0.1/", "ECID_MODEL_ENDPOINT: an address"),
        (f"bedrock_converse:{NAME}", "http://127.0.0.1:99999/", "ECID_MODEL_ENDPOINT: an address"),
        (f"bedrock_converse:{NAME}", "http://", "ECID_MODEL_ENDPOINT: an address"),
        (f"bedrock_converse:{NAME}", "http://例.example/", "ECID_MODEL_ENDPOINT: an address"),
    ],
)
def test_what_cannot_be_a_model_is_refused_at_the_start(model: str, endpoint: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        chosen(Settings(model=model, model_endpoint=endpoint))
    assert said in refused.value.sentence("en")
    assert said.partition(":")[0] in refused.value.sentence("zh")
    assert re.search("[一-鿿]", refused.value.sentence("zh").removeprefix("输入有误："))
    assert "secret" not in refused.value.sentence("en")


@pytest.mark.parametrize(("model", "module"), [(f"bedrock_converse:{NAME}", "langchain_aws"), ("openai:gpt", "langchain_openai")])
def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, model: str, module: str) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else SimpleNamespace())
    with pytest.raises(BadInput, match=module.replace("_", "-")):
        chosen(Settings(model=model))


def test_bedrock_needs_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(BadInput, match="AWS_REGION"):
        chosen(Settings(model=f"bedrock_converse:{NAME}"))


def test_bedrock_is_asked_in_its_own_protocol(bedrock: BedrockServer) -> None:
    bedrock.follow([CALL])
    streamed = model_at(bedrock.address).stream("?")
    whole = next(streamed)
    for chunk in streamed:
        whole += chunk
    assert (whole.text, [(call["name"], call["args"]) for call in whole.tool_calls]) == ("Well.", [("plan", {"target": 90, "名称": "灯"})])
    assert whole.usage_metadata == {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20} | _details(whole.usage_metadata)
    (path, body, headers) = bedrock.asked[0]
    assert path == f"/model/{NAME}/converse-stream"
    assert body["inferenceConfig"]["maxTokens"] == 4_096
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")


def test_a_model_that_is_not_known_to_stream_is_asked_without(bedrock: BedrockServer) -> None:
    bedrock.follow([CALL])
    told = list(model_at(bedrock.address, "bedrock_converse:acme.oracle-v1:0").stream("?"))
    assert [(call["name"], call["args"]) for call in told[0].tool_calls] == [("plan", {"target": 90, "名称": "灯"})]
    assert bedrock.asked[0][0] == "/model/acme.oracle-v1:0/converse"


@pytest.mark.parametrize("reply", [{"status": 500, "error": "InternalServerException"}, {"status": 429, "error": "ThrottlingException"}, {"reset": True}])
def test_nothing_is_asked_twice(bedrock: BedrockServer, reply: dict[str, Any]) -> None:
    bedrock.follow([reply])
    with pytest.raises(Exception, match=r"ThrottlingException|InternalServer|Connection|closed"):
        model_at(bedrock.address).invoke("?")
    assert len(bedrock.asked) == 1


def test_the_error_of_a_service_keeps_its_code(bedrock: BedrockServer) -> None:
    bedrock.follow([{"status": 429, "error": "ThrottlingException"}])
    with pytest.raises(ClientError) as refused:
        list(model_at(bedrock.address).stream("?"))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"


def test_a_model_on_this_machine_is_not_asked_through_a_proxy(bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    bedrock.follow([CALL])
    assert model_at(bedrock.address).invoke("?").tool_calls
    pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    with OpenAiServer([CALL]) as server:
        assert list(model_at(f"{server.address}/v1", "openai:own").stream("?"))


def test_bounds_are_those_of_the_settings(bedrock: BedrockServer) -> None:
    client = model_at(bedrock.address).client  # type: ignore[attr-defined]
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1.0, 3.0, 1)


def test_no_tracing_leaves_whatever_the_environment_asks_for(bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with BedrockServer([{"status": 200, "error": ""}]) as collector:
        for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"):
            monkeypatch.setenv(name, "true")
        for name in ("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"):
            monkeypatch.setenv(name, collector.address)
        monkeypatch.setenv("LANGSMITH_API_KEY", "key")
        get_env_var.cache_clear()
        langsmith.configure(enabled=None)
        try:
            assert tracing_is_enabled()
            bedrock.follow([CALL])
            model = model_at(bedrock.address)
            assert not tracing_is_enabled()
            assert model.invoke("a secret question").tool_calls
            get_cached_client().flush()
        finally:
            langsmith.configure(enabled=None)
            get_env_var.cache_clear()
        assert collector.asked == []


def test_the_openai_protocol_is_spoken_too() -> None:
    pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

    @tool
    def plan(target: int) -> str:
        """A plan."""
        return str(target)

    with OpenAiServer([CALL, {"status": 429, "error": "rate_limit_exceeded"}]) as server:
        model = model_at(f"{server.address}/v1", "openai:own-model")
        streamed = model.bind_tools([plan]).stream("?")
        whole = next(streamed)
        for chunk in streamed:
            whole += chunk
        assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("plan", {"target": 90, "名称": "灯"})]
        with pytest.raises(Exception, match="429") as refused:
            list(model.stream("?"))
        assert getattr(refused.value, "status_code", None) == 429
        assert [path for path, _, _ in server.asked] == ["/v1/chat/completions"] * 2


# The prompt.


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.role)
def test_the_prompt_names_what_there_is(fed: tuple[SampleSources, dict[str, str]], caller: Caller, lang: Language) -> None:
    told = system_prompt(caller, lang)
    own = toolbox(fed[0], caller, lang)
    named = set(re.findall(r"[a-z]+(?:_[a-z]+)+", re.sub(r"\{[^}]*\}", "", told))) - set(get_args(ActionKind)) - {"score_bar"}
    assert named == {one.name for one in own.tools if "_" in one.name}
    assert ANSWER in told
    assert {one for one in ARGUMENTS if re.search(rf"(?<![a-z_.{{]){one}(?![a-z_])", told)} >= {one.name for one in own.tools}
    if not caller.sees_ledger:
        assert not [one for one in OF_THE_LEDGER if "_" in one and one in told]
    facts = {name for result in _results(own) for name in result.facts}
    for slot in SLOT.findall(told):
        assert slot.removeprefix("say.") in sentences() if slot.startswith("say.") else slot in facts, slot
    kinds = set(re.findall(r"'const': '([a-z_]+)'", str(DraftAnswer.model_json_schema()))) | {"paragraph", "question"}
    assert {kind for kind in kinds if kind in told} == kinds


def test_the_prompts_parts_are_among_those_that_tools_make(fed: tuple[SampleSources, dict[str, str]]) -> None:
    data = tomllib.loads((Path(prompt.__file__).parent / "prompt.toml").read_text("utf-8"))
    own = toolbox(fed[0], CALLERS[0], "en")
    assert set(data["ledger"]["parts"]) <= {ref for result in _results(own) for ref in result.parts}
    assert len(data["zh"]) == len(data["en"])
    assert all(set(data[who]["who"]) == set(LANGUAGES) for who in ("ledger", "public"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_repeated_prompt_is_found_and_reviewed_words_are_not_taken_for_it(lang: Language) -> None:
    told = system_prompt(CALLERS[0], lang)
    for paragraph in told.split("\n\n"):
        assert repeated(paragraph.upper())
        assert repeated(f"… {paragraph[10:120]} …")
    assert not [sentence for sentence in sentences().values() if repeated(sentence.text[lang])]


def _results(own: Any) -> list[Any]:
    calls = {"explain_score": {}, "plan": {"target": 90}, "get_finding": {"finding": "1"}, "get_record": {"domain": "harborlight.example"}}
    return [own.call(name, arguments) for name, arguments in calls.items()]


def _details(usage: Any) -> dict[str, Any]:
    return {name: value for name, value in (usage or {}).items() if name.endswith("_details")}


def test_prose_of_the_prompt_could_not_be_an_answer() -> None:
    assert list(faults([system_prompt(CALLERS[0], "zh")], ""))
