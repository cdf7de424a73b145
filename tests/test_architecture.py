"""The rules of the house, enforced on the source text (docs/decisions, architecture note)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "layers" / "core" / "python" / "ecid"
MODULES = sorted(PROGRAM.rglob("*.py"))
FUNCTIONS = sorted((ROOT / "functions").glob("*/app.py"))
DOMAIN = {"identity", "credit", "clearance", "declarations", "tariff", "scoring", "verification", "feed", "reports"}
# Readers and importers turn files into values: they open what they are given.
FILE_EDGES = {PROGRAM / "declarations" / "readers", PROGRAM / "knowledge"}
LAYERS = [
    {"cli"},
    {"api", "bootstrap", "openapi", "parameters", "streaming", "turns"},
    {"services"},
    {"ports"},
    DOMAIN | {"knowledge", "assistant"},
    {"errors", "settings"},
]
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("os", "environ"),
    ("os", "getenv"),
    ("random", "random"),
    ("uuid", "uuid4"),
}


def _part(module: Path) -> str:
    relative = module.relative_to(PROGRAM)
    return relative.parts[0].removesuffix(".py")


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _level(part: str) -> int | None:
    return next((level for level, parts in enumerate(LAYERS) if part in parts), None)


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_imports_point_down(module: Path) -> None:
    part, own = _part(module), _level(_part(module))
    for name in _imports(module):
        top, _, rest = name.partition(".")
        if top != "ecid" or not rest:
            continue
        target = rest.partition(".")[0]
        if target == "adapters":
            assert part in {"bootstrap", "adapters"}, f"only bootstrap imports adapters: {name}"
        elif own is not None and _level(target) is not None:
            assert _level(target) >= own, f"{part} must not import {name}"  # type: ignore[operator]


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_outside_things_stay_at_the_edge(module: Path) -> None:
    allowed = {
        "boto3": {"adapters"},
        "botocore": {"adapters"},
        "chromadb": {"adapters"},
        **{name: {"adapters", "assistant"} for name in ("langchain", "langchain_core", "langgraph", "langsmith")},
        "aws_lambda_powertools": {"api", "streaming"},
        "starlette": {"adapters"},
        "uvicorn": {"adapters"},
        "click": {"cli"},
        "rich": {"cli"},
    }
    for name in _imports(module):
        top = name.partition(".")[0]
        assert _part(module) in allowed.get(top, {_part(module)}), f"{top} does not belong in {_part(module)}"


@pytest.mark.parametrize("module", [m for m in MODULES if _part(m) in DOMAIN and not any(edge in m.parents for edge in FILE_EDGES)], ids=_ids)
def test_domain_packages_do_no_io_and_read_no_clock(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCKS, f"line {node.lineno}: {node.value.id}.{node.attr}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open", f"line {node.lineno}: open()"
    assert not {"socket", "urllib.request", "subprocess", "http.client"} & set(_imports(module))


@pytest.mark.parametrize("module", [*MODULES, *FUNCTIONS], ids=_ids)
def test_files_and_functions_stay_small(module: Path) -> None:
    text = module.read_text("utf-8")
    limit = 80 if module in FUNCTIONS else 300
    assert len(text.splitlines()) <= limit
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
            is_command = any("command" in ast.unparse(decorator) for decorator in node.decorator_list)
            assert count <= 8 or is_command, f"{node.name} has {count} parameters"


def test_no_rooms_without_a_name() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "shared", "manager", "base", "misc"}
    assert not [module for module in MODULES if forbidden & {part.removesuffix(".py") for part in module.parts[-2:]}]


def test_every_module_says_what_it_is() -> None:
    assert not [_ids(module) for module in [*MODULES, *FUNCTIONS] if not ast.get_docstring(ast.parse(module.read_text("utf-8")))]


def test_top_level_is_the_clients() -> None:
    for name in ("template.yaml", "functions", "knowledge", "layers", "tests", "samconfig.toml", "README.md"):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("lock", sorted([*(ROOT / "requirements").glob("*.txt"), *(ROOT / "layers" / "deps").glob("*.txt")]), ids=_ids)
def test_locks_carry_hashes_and_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)


def test_node_lock_carries_no_host() -> None:
    text = (ROOT / "package-lock.json").read_text("utf-8")
    assert "://" not in text
    assert text.count('"integrity"') == text.count('"node_modules/')
