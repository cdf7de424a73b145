"""The images, as far as they can be tried without a container engine: their handlers answer from what is laid out, write nothing there and speak to nobody."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.adapters.runtime_api import runtime_api
from tests.declarations.xlsx import sheet_xml, write_parts
from tests.laid_out_image import (
    DOCKERFILES,
    FUNCTIONS,
    ROOT,
    TASK,
    dockerfile_of,
    handler_module,
    instructions,
    laid_out,
    lock_of,
    locked,
    make_context,
    sent_of,
)

SANDBOX = {
    "AWS_LAMBDA_FUNCTION_NAME": "bare",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ECID_SAMPLE_SUFFIXES": "none",
}
"""What Lambda gives every function."""
MOST_CONTEXT = 40 * 1024 * 1024
"""Bytes of the context with the small pack: whoever lets in more shall notice."""
ASKED: list[tuple[str, dict[str, str]]] = [
    ("/v1/clauses", {"q": "充电宝", "lang": "zh"}),
    ("/v1/clauses/gri-3-b", {}),
    ("/v1/tariff/85076000", {"as_of": "2025-05-01"}),
    ("/v1/candidates", {"text": "power bank with lithium-ion cells"}),
]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    make_context(folder)
    return folder


@pytest.fixture(scope="module")
def sent(context: Path) -> set[str]:
    return sent_of(context)


@pytest.fixture(scope="module")
def image(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with laid_out(context, tmp_path_factory.mktemp("image")) as root:
        yield root


@pytest.fixture(scope="module")
def assistant(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with laid_out(context, tmp_path_factory.mktemp("assistant"), DOCKERFILES[1]) as root:
        yield root


def _event(path: str, query: Mapping[str, str]) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "sourceIp": "127.0.0.1", "userAgent": "", "protocol": "HTTP/1.1"}
    context = {"requestId": "r-1", "stage": "$default", "http": http}
    return {"version": "2.0", "rawPath": path, "headers": {}, "queryStringParameters": dict(query), "requestContext": context, "isBase64Encoded": False}


def _tree(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path.relative_to(root)): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}


def _answered(image: Path, function: str, tmp: Path, *events: Mapping[str, Any]) -> dict[str, Any]:
    given = FUNCTIONS[function]["Properties"]["Environment"]["Variables"]
    folders = {name: str(image / str(given[name]).lstrip("/")) for name in ("ECID_HOME", "ECID_PACK_DIR")}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", Path(__file__).with_name("bare_function.py")],
        input=json.dumps({"path": [str(image / TASK)], "handler": handler_module(function), "events": events}),
        env={**SANDBOX, **folders, "TMPDIR": str(tmp)},
        cwd=image / TASK,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_search_answers_from_the_image_alone(image: Path, tmp_path: Path) -> None:
    before = _tree(image)
    told = _answered(image, "SearchClauses", tmp_path, *(_event(*asked) for asked in ASKED))
    assert [answer["statusCode"] for answer in told["answers"]] == [200] * len(ASKED), told["answers"]
    found, clause, line, candidates = (json.loads(answer["body"]) for answer in told["answers"])
    assert found["ranked_by"] == "words_and_vectors", "Chroma has to open from a folder that is not its own"
    assert "850760" in found["results"][0]["codes"]
    assert (clause["id"], line["state"], candidates["candidates"][0]["code"]) == ("gri-3-b", "valid", "850760")
    assert told["connected"] == []
    assert _tree(image) == before


def test_a_draft_is_checked_in_the_image_alone(image: Path, tmp_path: Path) -> None:
    """A workbook, which a process of its own parses; nothing of it stays."""
    draft = write_parts(tmp_path / "draft.xlsx", {"草稿": sheet_xml([["商品编码", "商品名称"], ["8507600090", "锂离子电池"]])}).read_bytes()
    event = _event("/v1/declarations/check", {}) | {"body": base64.b64encode(draft).decode(), "isBase64Encoded": True}
    event["headers"], event["requestContext"]["http"]["method"] = {"content-type": "application/octet-stream"}, "POST"
    before, left = _tree(image), tmp_path / "tmp"
    left.mkdir()
    told = _answered(image, "CheckDeclarations", left, event)
    (answer,) = told["answers"]
    assert answer["statusCode"] == 200, answer["body"]
    (line,) = json.loads(answer["body"])["lines"]
    assert (line["code_state"], line["candidates"][0]["code"]) == ("valid", "850760")
    assert told["connected"] == []
    assert (_tree(image), list(left.iterdir())) == (before, [])


def test_the_assistant_starts_in_its_image_alone(assistant: Path, tmp_path: Path) -> None:
    """Agent, planner and index are loaded before the first question; who is nobody learns nothing, and nobody is asked about it."""
    before = _tree(assistant)
    event = _event("/v1/assistant/conversations", {})
    event["requestContext"]["http"]["method"] = "POST"
    signed = {**event, "headers": {"authorization": "Bearer a.b.c"}}
    told = _answered(assistant, "Assist", tmp_path, event, signed, {**event, "rawPath": "/"})
    assert [answer["statusCode"] for answer in told["answers"]] == [401, 401, 404], told["answers"]
    assert told["connected"] == []
    assert _tree(assistant) == before


def test_the_assistant_is_started_by_the_runtime_that_streams(assistant: Path, tmp_path: Path) -> None:
    """The entry point as template.yaml has it, in the image alone, against a Runtime API on loopback."""
    config = FUNCTIONS["Assist"]["Properties"]["ImageConfig"]
    assert config["EntryPoint"][:2] == ["python", "-m"]
    start = f"runpy.run_module({config['EntryPoint'][2]!r}, run_name='__main__')"
    code = f"import runpy, sys; sys.path[:0] = [{str(assistant / TASK)!r}]; sys.argv[1:] = {config['Command']!r}; {start}"
    event = _event("/v1/assistant/conversations", {}) | {"routeKey": "$default"}
    given = FUNCTIONS["Assist"]["Properties"]["Environment"]["Variables"]
    folders = {name: str(assistant / str(given[name]).lstrip("/")) for name in ("ECID_HOME", "ECID_PACK_DIR")}
    with runtime_api(event) as served:
        environment = {**SANDBOX, **folders, "AWS_LAMBDA_RUNTIME_API": served.address, "TMPDIR": str(tmp_path)}
        with subprocess.Popen([sys.executable, "-I", "-S", "-B", "-c", code], cwd=assistant / TASK, env=environment, stderr=subprocess.DEVNULL) as process:
            served.wait_for(b"\r\n0\r\n\r\n", 120)
            process.kill()
    (answer,) = [request for request in served.sent if b"invocation/r-1/response" in request][:1]
    assert b'{"statusCode": 405, ' in answer
    assert b"Lambda-Runtime-Function-Response-Mode: streaming" in answer


def test_every_image_function_is_one_of_the_images_with_a_command_of_its_own() -> None:
    assert {"SearchClauses", "ScoreEnterprise", "Assist"} <= FUNCTIONS.keys()
    assert len({handler_module(name) for name in FUNCTIONS}) == len(FUNCTIONS)
    assert [name for name in FUNCTIONS if dockerfile_of(name) == DOCKERFILES[1]] == ["Assist"]
    tags = dict(zip(DOCKERFILES, ("knowledge", "assist"), strict=True))
    for name, function in FUNCTIONS.items():
        assert function["Metadata"] == {"DockerContext": ".", "Dockerfile": dockerfile_of(name), "DockerTag": tags[dockerfile_of(name)]}, name
        assert (ROOT / f"{handler_module(name).replace('.', '/')}.py").is_file()
        variables = function["Properties"]["Environment"]["Variables"]
        assert (variables["ECID_HOME"], variables["ECID_PACK_DIR"]) == ("/opt/ecid", "/opt/pack")


def test_the_context_holds_what_is_copied_and_nothing_else(context: Path, sent: set[str]) -> None:
    copied = {name: [instruction.rest.split()[0] for instruction in instructions(name) if instruction.name == "COPY"] for name in DOCKERFILES}
    sources = [source for one in copied.values() for source in one]
    needless = {name for name in sent if not any(name == source or name.startswith(f"{source}/") for source in sources)}
    assert needless == set()
    for dockerfile, own in copied.items():
        handlers = {f"{handler_module(name).replace('.', '/')}.py" for name in FUNCTIONS if dockerfile_of(name) == dockerfile}
        assert {source for source in own if source.startswith("functions/")} == handlers
    assert not [name for name in sent if {"__pycache__", "samples", "evaluation"} & set(Path(name).parts) or name.endswith(".db")]
    assert sum((context / name).stat().st_size for name in sent) < MOST_CONTEXT


def test_the_index_of_the_image_is_noted_to_be_of_its_pack(image: Path) -> None:
    """So that whoever asks in the image whether it is of what is loaded is told so."""
    note = json.loads((image / "opt/ecid/index/made_of.json").read_text("utf-8"))
    assert re.fullmatch("[0-9a-f]{64}", note["sources"])
    assert set(note["files"]) == {path.name for path in (image / "opt/ecid/index/candidates").iterdir()}


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_a_dockerfile_is_for_the_interpreter_of_the_other_functions(dockerfile: str) -> None:
    told = {instruction.name: instruction.rest for instruction in instructions(dockerfile)}
    assert told["FROM"] == "public.ecr.aws/lambda/python:3.13"
    assert set(told) == {"FROM", "COPY", "RUN"}, "the command is each function's own"


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_packages_are_installed_by_their_hashes_and_never_compiled(dockerfile: str) -> None:
    (command,) = [shlex.split(instruction.rest) for instruction in instructions(dockerfile) if instruction.name == "RUN" and " pip " in instruction.rest]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("--target") + 1] == "."
    assert lock_of(dockerfile) == dict(zip(DOCKERFILES, ("image", "assist"), strict=True))[dockerfile]


@pytest.mark.parametrize("lock", ["image", "assist"])
def test_an_image_has_the_versions_that_the_tests_run_with(lock: str) -> None:
    tested = {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in locked("dev")}
    assert {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in locked(lock)} <= tested


@pytest.mark.parametrize("lock", ["image", "assist"])
def test_what_only_this_machine_needs_is_in_no_image(lock: str) -> None:
    names = {canonicalize_name(pinned.name) for pinned in locked(lock)}
    assert not names & {"scikit-learn", "scipy", "pypdfium2", "starlette", "moto", "pytest"}
    wanted = {line for line in (ROOT / "requirements" / f"{lock}.in").read_text("utf-8").split("\n") if line and not line.startswith("-r ")}
    assert wanted <= names


def test_the_agent_is_in_the_assistants_image_alone() -> None:
    agent = {"langchain", "langchain-core", "langchain-aws", "langgraph", "joserfc", "cryptography"}
    names = {lock: {canonicalize_name(pinned.name) for pinned in locked(lock)} for lock in ("image", "assist")}
    assert names["assist"] >= agent
    assert not names["image"] & agent


def test_no_build_is_asked_for_by_who_has_no_engine() -> None:
    """`make artefacts` leaves the image out, `make deploy` does not."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert all(config[stage]["deploy"]["parameters"]["resolve_image_repos"] for stage in ("dev", "staging", "prod"))
    recipes = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"^IMAGES := (.*)$", recipes, re.MULTILINE) == [" ".join(FUNCTIONS)]
    assert "sam build $(addprefix --exclude ,$(IMAGES))" in recipes.partition("\nartefacts:")[2].partition("\n\n")[0]
    assert "image-context" in recipes.partition("\nimage:")[2].partition("\n")[0]
    assert recipes.partition("\ndeploy:")[2].partition("\n")[0].split() == ["image"]
