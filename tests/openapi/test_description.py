"""The description of the API is current, true to the template and to `docs/api.md`, and whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from ecid import openapi
from ecid.adapters.local_gateway import ANY, DEFAULT, routes_of
from ecid.api import Operation
from tests.openapi.description import DESCRIPTION, codes_of

ROOT = Path(__file__).parents[2]
OPERATIONS = {(method.upper(), path): operation for path, methods in DESCRIPTION["paths"].items() for method, operation in methods.items()}


def test_the_file_is_current() -> None:
    stored = files("ecid").joinpath("openapi.json").read_text("utf-8")
    assert stored == openapi.text(openapi.document(openapi.declared_operations())), "run `python -m ecid.openapi`"


def test_it_is_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DESCRIPTION).iter_errors()] == []
    assert DESCRIPTION["openapi"].startswith("3.1.")


def test_every_route_of_the_template_is_described_and_no_other() -> None:
    routes = {(route.method, route.path) for route in routes_of((ROOT / "template.yaml").read_text("utf-8")) if route.path != DEFAULT}
    whole = {path for method, path in routes if method == ANY}
    assert {(ANY, path) if path in whole else (method, path) for method, path in OPERATIONS} == routes


def test_a_route_without_a_description_is_an_error_and_the_reverse() -> None:
    declared = list(openapi.declared_operations())
    with pytest.raises(ValueError, match="does not describe"):
        openapi.document([*declared, Operation("GET", "/v1/new", "new")])
    with pytest.raises(ValueError, match="does not describe"):
        openapi.document(declared[1:])


def _examples(value: Any) -> Iterator[tuple[dict[str, Any], object]]:
    """Every media type or parameter with an example, as schema and example."""
    if isinstance(value, dict):
        if "schema" in value and isinstance(value.get("examples"), dict):
            for example in value["examples"].values():
                name = example.get("$ref", "").rpartition("/")[2]
                yield value["schema"], (DESCRIPTION["components"]["examples"][name] if name else example)["value"]
        for inner in value.values():
            yield from _examples(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _examples(inner)


def test_the_examples_are_of_their_shape() -> None:
    found = list(_examples(DESCRIPTION))
    assert len(found) > 20
    for schema, example in found:
        validator = Draft202012Validator({**schema, "components": DESCRIPTION["components"]})
        assert [error.message for error in validator.iter_errors(example)] == []


def test_problems_have_examples_in_both_languages() -> None:
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            problem = response.get("content", {}).get("application/problem+json")
            if problem:
                assert set(problem["examples"]) == {f"{code}_{lang}" for code in codes_of(problem["schema"]) for lang in ("zh", "en")}
                details = [example["value"]["detail"] for example in problem["examples"].values()]
                assert len(set(details)) == len(details)


def test_no_component_is_left_over() -> None:
    text = json.dumps(DESCRIPTION)
    signing = {name for operation in OPERATIONS.values() for needed in operation.get("security", ()) for name in needed}
    for kind, components in DESCRIPTION["components"].items():
        if kind == "securitySchemes":
            assert components.keys() == signing
            continue
        assert [name for name in components if f'"#/components/{kind}/{name}"' not in text] == []


def test_the_operator_is_never_taken_for_customs() -> None:
    info = DESCRIPTION["info"]
    assert "It is not a service of any customs administration and does not speak for one." in info["description"]
    assert "customs" not in (info["title"] + info["summary"]).lower()
    assert "servers" not in DESCRIPTION


def test_the_table_of_the_docs_says_the_same() -> None:
    rows = re.findall(r"^\| `([A-Z]+) (\S+)` \| (.*?) \| (.*) \| (.*?) \|$", (ROOT / "docs" / "api.md").read_text("utf-8").replace("| |", "|  |"), re.MULTILINE)
    documented = {(method, path): (set(re.findall(r"`(\w+)`", query)), set(re.findall(r"`(\w+)`", errors))) for method, path, query, _, errors in rows}
    assert documented == {route: (_query(operation), _codes(operation)) for route, operation in OPERATIONS.items()}


def test_the_docs_name_every_state_and_warning() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    warnings = schemas["Record"]["properties"]["warnings"]["items"]["properties"]["code"]["enum"]
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert [name for name in [*schemas["Record_state"]["enum"], *schemas["Record"]["properties"]["status"]["enum"], *warnings] if f"`{name}`" not in text] == []


def test_the_functions_read_no_other_parameters() -> None:
    read = {name for app in (ROOT / "functions").glob("*/app.py") for name in re.findall(r'api\.(?:asked|as_sent)\([\w.]+, "(\w+)"\)', app.read_text("utf-8"))}
    assert read | {"lang"} == {parameter for operation in OPERATIONS.values() for parameter in _query(operation)}


def _query(operation: dict[str, Any]) -> set[str]:
    parameters = [DESCRIPTION["components"]["parameters"][ref["$ref"].rpartition("/")[2]] for ref in operation.get("parameters", ())]
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


def _codes(operation: dict[str, Any]) -> set[str]:
    schemas = [
        response["content"]["application/problem+json"]["schema"]
        for response in operation["responses"].values()
        if "application/problem+json" in response.get("content", {})
    ]
    return {code for schema in schemas for code in codes_of(schema)} - {"internal_error"}
