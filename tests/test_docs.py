"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ecid.adapters.local_gateway import ANY, DEFAULT, routes_of
from ecid.cli.main import program
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def _first_cells(name: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", (DOCS / name).read_text("utf-8"), re.MULTILINE)


def test_settings() -> None:
    assert sorted(_first_cells("settings.md")) == sorted(f"ECID_{field.name.upper()}" for field in fields(Settings))


def test_routes() -> None:
    routes = {(route.method, route.path) for route in routes_of((ROOT / "template.yaml").read_text("utf-8")) if route.path != DEFAULT}
    whole = {path for method, path in routes if method == ANY}
    told = [cell.split(" ") for cell in _first_cells("api.md") if cell.split(" ")[0] in ("GET", "POST", "PUT", "DELETE", "any")]
    assert ["any", "other"] in told
    assert {(ANY, path) if path in whole else (method, path) for method, path in told if method != "any"} == routes


def test_commands() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    assert set(re.findall(r"^## `ecid (\w+)", text, re.MULTILINE)) == set(program.list_commands(None))  # type: ignore[arg-type]


def test_rules() -> None:
    assert set(_first_cells("rules.md")) == set(RULE_DIMENSIONS)


def test_event_types() -> None:
    described = {path.name.removesuffix(".schema.json") for path in (DOCS / "events").glob("*.schema.json")}
    assert described
    assert described <= set(re.findall(r"`([a-z]+\.[a-z_]+)`", (DOCS / "events" / "README.md").read_text("utf-8")))


@pytest.mark.parametrize("lock", ["functions", "workers", "local", "image", "assist", "dev", "sam"])
def test_every_dependency_says_why(lock: str) -> None:
    text = (DOCS / "dependencies.md").read_text("utf-8")
    for line in (ROOT / "requirements" / f"{lock}.in").read_text("utf-8").splitlines():
        name = line.split("[")[0].strip()
        if name and not name.startswith("-"):
            assert name in text, name
