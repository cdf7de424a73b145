"""The image, as far as it can be tried without a container engine: its handlers answer from what is laid out, write nothing there and speak to nobody."""

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

from tests.declarations.xlsx import sheet_xml, write_parts
from tests.laid_out_image import DOCKERFILE, FUNCTIONS, ROOT, TASK, handler_module, instructions, laid_out, locked, make_context, sent_of

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
        env={**folders, "AWS_LAMBDA_FUNCTION_NAME": "bare", "ECID_SAMPLE_SUFFIXES": "none", "AWS_DEFAULT_REGION": "eu-central-1", "TMPDIR": str(tmp)},
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


def test_every_image_function_is_this_one_image_with_a_command_of_its_own() -> None:
    assert {"SearchClauses", "ScoreEnterprise"} <= FUNCTIONS.keys()
    assert len({handler_module(name) for name in FUNCTIONS}) == len(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        assert function["Metadata"] == {"DockerContext": ".", "Dockerfile": DOCKERFILE, "DockerTag": "knowledge"}, name
        assert (ROOT / f"{handler_module(name).replace('.', '/')}.py").is_file()
        variables = function["Properties"]["Environment"]["Variables"]
        assert (variables["ECID_HOME"], variables["ECID_PACK_DIR"]) == ("/opt/ecid", "/opt/pack")


def test_the_context_holds_what_is_copied_and_nothing_else(context: Path, sent: set[str]) -> None:
    sources = [instruction.rest.split()[0] for instruction in instructions() if instruction.name == "COPY"]
    needless = {name for name in sent if not any(name == source or name.startswith(f"{source}/") for source in sources)}
    assert needless == set()
    assert {source for source in sources if source.startswith("functions/")} == {f"{handler_module(name).replace('.', '/')}.py" for name in FUNCTIONS}
    assert not [name for name in sent if {"__pycache__", "samples", "evaluation"} & set(Path(name).parts) or name.endswith(".db")]
    assert sum((context / name).stat().st_size for name in sent) < MOST_CONTEXT


def test_the_index_of_the_image_is_noted_to_be_of_its_pack(image: Path) -> None:
    """So that whoever asks in the image whether it is of what is loaded is told so."""
    note = json.loads((image / "opt/ecid/index/made_of.json").read_text("utf-8"))
    assert re.fullmatch("[0-9a-f]{64}", note["sources"])
    assert set(note["files"]) == {path.name for path in (image / "opt/ecid/index/candidates").iterdir()}


def test_the_dockerfile_is_for_the_interpreter_of_the_other_functions() -> None:
    told = {instruction.name: instruction.rest for instruction in instructions()}
    assert told["FROM"] == "public.ecr.aws/lambda/python:3.13"
    assert set(told) == {"FROM", "COPY", "RUN"}, "the command is each function's own"


def test_packages_are_installed_by_their_hashes_and_never_compiled() -> None:
    (command,) = [shlex.split(instruction.rest) for instruction in instructions() if instruction.name == "RUN" and " pip " in instruction.rest]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("--target") + 1] == "."
    assert command[command.index("--requirement") + 1] == "image.txt"


def test_the_image_has_the_versions_that_the_tests_run_with() -> None:
    tested = {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in locked("dev")}
    assert {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in locked("image")} <= tested


def test_what_only_this_machine_needs_is_not_in_the_image() -> None:
    names = {canonicalize_name(pinned.name) for pinned in locked("image")}
    assert not names & {"scikit-learn", "scipy", "pypdfium2", "starlette", "moto", "pytest"}
    wanted = {line for line in (ROOT / "requirements" / "image.in").read_text("utf-8").split("\n") if line and not line.startswith("-r ")}
    assert wanted <= names


def test_no_build_is_asked_for_by_who_has_no_engine() -> None:
    """`make artefacts` leaves the image out, `make deploy` does not."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert all(config[stage]["deploy"]["parameters"]["resolve_image_repos"] for stage in ("dev", "staging", "prod"))
    recipes = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"^IMAGES := (.*)$", recipes, re.MULTILINE) == [" ".join(FUNCTIONS)]
    assert "sam build $(addprefix --exclude ,$(IMAGES))" in recipes.partition("\nartefacts:")[2].partition("\n\n")[0]
    assert "image-context" in recipes.partition("\nimage:")[2].partition("\n")[0]
    assert recipes.partition("\ndeploy:")[2].partition("\n")[0].split() == ["image"]
