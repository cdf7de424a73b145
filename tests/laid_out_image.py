"""The images of the functions that rest on the indexes, as far as they can be made without a container engine: what a Dockerfile copies is laid out in
a folder of its own, with the packages of its lock and nothing else."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml
from docker.utils.build import exclude_paths
from packaging.requirements import Requirement

from ecid.adapters.local_gateway import _TemplateLoader
from tests.small_home import copy_pack

ROOT = Path(__file__).parents[1]
DOCKERFILES = ("functions/Dockerfile", "functions/assist/Dockerfile")
TASK = "var/task"
"""The working directory of Lambda's base images."""
FUNCTIONS: dict[str, dict[str, Any]] = {
    name: resource
    for name, resource in yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)["Resources"].items()  # noqa: S506 - a SafeLoader
    if resource["Type"] == "AWS::Serverless::Function" and resource["Properties"].get("PackageType") == "Image"
}
"""The functions that are images, by name, as template.yaml has them."""


def dockerfile_of(function: str) -> str:
    """The Dockerfile that a function is built with."""
    return str(FUNCTIONS[function]["Metadata"]["Dockerfile"])


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of the Dockerfile."""

    name: str
    rest: str


def instructions(dockerfile: str) -> list[Instruction]:
    """A Dockerfile without its comments."""
    lines = (ROOT / dockerfile).read_text("utf-8").splitlines()
    return [Instruction(*line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def lock_of(dockerfile: str) -> str:
    """The name of the lock whose packages an image has."""
    (command,) = [shlex.split(instruction.rest) for instruction in instructions(dockerfile) if instruction.name == "RUN" and " pip " in instruction.rest]
    return command[command.index("--requirement") + 1].removesuffix(".txt")


def handler_module(function: str) -> str:
    """The module that holds the handler of a function, as its command names it."""
    (command,) = FUNCTIONS[function]["Properties"]["ImageConfig"]["Command"]
    module, _, name = str(command).rpartition(".")
    assert name == "handler"
    return module.replace("/", ".")


def locked(name: str) -> list[Requirement]:
    """The packages of a lock in `requirements/`."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if line and not line.startswith((" ", "#"))]


def make_context(folder: Path) -> None:
    """A checkout as far as a Dockerfile may see it: what is committed, what `make image-context` gathers, and what is none of an image's business."""
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
    command = ["make", "--file", str(ROOT / "Makefile"), "image-context", f"ECID={Path(sys.executable).with_name('ecid')}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ECID_")} | {"ECID_HOME": str(folder / "home")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def sent_of(context: Path) -> set[str]:
    """The files that a container engine is sent, by the rules of docker-py, which SAM builds with."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {name for name in exclude_paths(str(context), patterns) if (context / name).is_file()}


@contextmanager
def laid_out(context: Path, root: Path, dockerfile: str = DOCKERFILES[0]) -> Iterator[Path]:
    """The root of an image's file system, as far as the Dockerfile fills it; nothing can be written there until the end of the block."""
    sent = sent_of(context)
    for instruction in instructions(dockerfile):
        if instruction.name == "COPY":
            _copy(context, sent, root, *instruction.rest.split())
        elif instruction.name == "RUN" and " pip " in instruction.rest:
            _install(root / TASK, lock_of(dockerfile))
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


def _install(target: Path, lock: str) -> None:
    """The packages of a lock, as they are installed here: the same versions, as far as they are for this interpreter."""
    for pinned in locked(lock):
        if pinned.marker and not pinned.marker.evaluate():
            continue
        found = distribution(pinned.name)
        assert found.version in pinned.specifier, f"{pinned.name} {found.version} is installed here"
        tops = {file.parts[0] for file in found.files or [] if not file.parts[0].startswith("..") and file.parts[0] != "__pycache__"}
        for top in tops:
            if not (target / top).exists():
                (target / top).symlink_to(Path(str(found.locate_file(top))))
