"""The image of SearchClauses, as far as it can be tried without a container engine: what its Dockerfile copies is laid out in a folder of its own, with the
packages of its lock and nothing else, and the handler answers from there, writes nothing there and speaks to nobody."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.utils.build import exclude_paths
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ecid.adapters.local_gateway import _TemplateLoader
from tests.small_home import copy_pack

ROOT = Path(__file__).parents[1]
FUNCTION = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)["Resources"]["SearchClauses"]  # noqa: S506 - a SafeLoader
TASK = "var/task"
"""The working directory of Lambda's base images."""
MOST_CONTEXT = 40 * 1024 * 1024
"""Bytes of the context with the small pack: whoever lets in more shall notice."""
ASKED: list[tuple[str, dict[str, str]]] = [
    ("/v1/clauses", {"q": "充电宝", "lang": "zh"}),
    ("/v1/clauses/gri-3-b", {}),
    ("/v1/tariff/85076000", {"as_of": "2025-05-01"}),
    ("/v1/candidates", {"text": "power bank with lithium-ion cells"}),
]


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of the Dockerfile."""

    name: str
    rest: str


def _instructions() -> list[Instruction]:
    lines = (ROOT / FUNCTION["Metadata"]["Dockerfile"]).read_text("utf-8").splitlines()
    return [Instruction(*line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def _lock(name: str) -> list[Requirement]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if line and not line.startswith((" ", "#"))]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout as far as a Dockerfile may see it: what is committed, what `make search-image-context` gathers, and what is none of an image's business."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("functions", "layers/core", "requirements"):
        shutil.copytree(ROOT / part, folder / part)
    copy_pack(folder / "knowledge")
    for decoy in (
        ".git/config",
        ".venv/bin/python",
        ".ecid/platform.db",
        "knowledge/samples/samples.toml",
        "knowledge/evaluation/q.jsonl",
        "build/other",
        "notes.txt",
    ):
        (folder / decoy).parent.mkdir(parents=True, exist_ok=True)
        (folder / decoy).write_text(decoy)
    command = ["make", "--file", str(ROOT / "Makefile"), "search-image-context", f"ECID={Path(sys.executable).with_name('ecid')}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ECID_")} | {"ECID_HOME": str(folder / "home")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def sent(context: Path) -> set[str]:
    """The files that a container engine is sent, by the rules of docker-py, which SAM builds with."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {name for name in exclude_paths(str(context), patterns) if (context / name).is_file()}


@pytest.fixture(scope="module")
def image(context: Path, sent: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of the image's file system, as far as the Dockerfile fills it."""
    root = tmp_path_factory.mktemp("image")
    for instruction in _instructions():
        if instruction.name == "COPY":
            _copy(context, sent, root, *instruction.rest.split())
        elif instruction.name == "RUN" and " pip " in instruction.rest:
            _install(root / TASK)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    yield root
    for path in root.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def _copy(context: Path, sent: set[str], root: Path, source: str, destination: str) -> None:
    target = root / destination.lstrip("/") if destination.startswith("/") else root / TASK / destination
    files = [name for name in sent if name == source or name.startswith(f"{source}/")]
    assert files, f"{source} is not in the context"
    for name in files:
        at = target / Path(name).relative_to(source) if name != source else target / Path(name).name
        at.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(context / name, at)


def _install(target: Path) -> None:
    """The packages of the lock, as they are installed here: the same versions, as far as they are for this interpreter."""
    for pinned in _lock("search"):
        if pinned.marker and not pinned.marker.evaluate():
            continue
        found = distribution(pinned.name)
        assert found.version in pinned.specifier, f"{pinned.name} {found.version} is installed here"
        tops = {file.parts[0] for file in found.files or [] if not file.parts[0].startswith("..") and file.parts[0] != "__pycache__"}
        for top in tops:
            if not (target / top).exists():
                (target / top).symlink_to(Path(str(found.locate_file(top))))


def _event(path: str, query: Mapping[str, str]) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "sourceIp": "127.0.0.1", "userAgent": "", "protocol": "HTTP/1.1"}
    context = {"requestId": "r-1", "stage": "$default", "http": http}
    return {"version": "2.0", "rawPath": path, "headers": {}, "queryStringParameters": dict(query), "requestContext": context, "isBase64Encoded": False}


def _tree(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path.relative_to(root)): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}


def test_the_handler_answers_from_the_image_alone(image: Path, tmp_path: Path) -> None:
    given = FUNCTION["Properties"]["Environment"]["Variables"]
    folders = {name: str(image / str(given[name]).lstrip("/")) for name in ("ECID_HOME", "ECID_PACK_DIR")}
    before = _tree(image)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", Path(__file__).with_name("bare_function.py")],
        input=json.dumps({"path": [str(image / TASK)], "events": [_event(*asked) for asked in ASKED]}),
        env={**folders, "AWS_LAMBDA_FUNCTION_NAME": "bare", "ECID_SAMPLE_SUFFIXES": "none", "TMPDIR": str(tmp_path)},
        cwd=image / TASK,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [answer["statusCode"] for answer in told["answers"]] == [200] * len(ASKED), told["answers"]
    found, clause, line, candidates = (json.loads(answer["body"]) for answer in told["answers"])
    assert found["ranked_by"] == "words_and_vectors", "Chroma has to open from a folder that is not its own"
    assert "850760" in found["results"][0]["codes"]
    assert (clause["id"], line["state"], candidates["candidates"][0]["code"]) == ("gri-3-b", "valid", "850760")
    assert told["connected"] == []
    assert _tree(image) == before


def test_the_context_holds_what_is_copied_and_nothing_else(context: Path, sent: set[str]) -> None:
    sources = [instruction.rest.split()[0] for instruction in _instructions() if instruction.name == "COPY"]
    needless = {name for name in sent if not any(name == source or name.startswith(f"{source}/") for source in sources)}
    assert needless <= {FUNCTION["Metadata"]["Dockerfile"]}
    assert not [name for name in sent if {"__pycache__", "samples", "evaluation"} & set(Path(name).parts) or name.endswith(".db")]
    assert sum((context / name).stat().st_size for name in sent) < MOST_CONTEXT


def test_the_dockerfile_is_for_the_interpreter_of_the_other_functions() -> None:
    told = {instruction.name: instruction.rest for instruction in _instructions()}
    assert told["FROM"] == "public.ecr.aws/lambda/python:3.13"
    assert json.loads(told["CMD"]) == ["app.handler"]
    assert FUNCTION["Metadata"]["DockerContext"] == "."
    assert set(told) == {"FROM", "COPY", "RUN", "CMD"}


def test_packages_are_installed_by_their_hashes_and_never_compiled() -> None:
    (command,) = [shlex.split(instruction.rest) for instruction in _instructions() if instruction.name == "RUN" and " pip " in instruction.rest]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("--target") + 1] == "."
    assert command[command.index("--requirement") + 1] == "search.txt"


def test_the_image_has_the_versions_that_the_tests_run_with() -> None:
    tested = {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in _lock("dev")}
    assert {(canonicalize_name(pinned.name), str(pinned.specifier)) for pinned in _lock("search")} <= tested


def test_what_only_this_machine_needs_is_not_in_the_image() -> None:
    names = {canonicalize_name(pinned.name) for pinned in _lock("search")}
    assert not names & {"polars", "scikit-learn", "scipy", "pypdfium2", "python-calamine", "starlette", "moto", "pytest"}
    wanted = {line.split("[")[0] for line in (ROOT / "requirements" / "search.in").read_text("utf-8").split()}
    assert wanted <= names


def test_no_build_is_asked_for_by_who_has_no_engine() -> None:
    """`make artefacts` leaves the image out, `make deploy` does not."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert all(config[stage]["deploy"]["parameters"]["resolve_image_repos"] for stage in ("dev", "staging", "prod"))
    recipes = (ROOT / "Makefile").read_text("utf-8")
    assert "sam build --exclude SearchClauses" in recipes.partition("\nartefacts:")[2].partition("\n\n")[0]
    assert "search-image-context" in recipes.partition("\nimage:")[2].partition("\n")[0]
    assert recipes.partition("\ndeploy:")[2].partition("\n")[0].split() == ["image"]
