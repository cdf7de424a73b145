"""The description of the API as the tests read it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

DESCRIPTION: dict[str, Any] = json.loads(files("ecid").joinpath("openapi.json").read_text("utf-8"))


def operation_at(method: str, target: str) -> str | None:
    """The operation that a request (an encoded target) is for; a path without parameters comes first, as in the gateway."""
    path = target.partition("?")[0].replace("/%76erify", "/verify")
    for template in sorted(DESCRIPTION["paths"], key=lambda template: "{" in template):
        operation: dict[str, Any] | None = DESCRIPTION["paths"][template].get(method.lower())
        if operation and re.fullmatch(re.sub(r"{\w+}", "[^/]+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")), path):
            return str(operation["operationId"])
    return None


def codes_of(schema: Mapping[str, Any]) -> set[str]:
    """The error codes that a schema of problems allows."""
    return {code for part in schema.get("allOf", ()) for code in part.get("properties", {}).get("code", {}).get("enum", ())}


def documented(operation: str, status: int) -> bool:
    """Whether an operation describes a status; 404 and 405 of an address that is none are described once for all."""
    return status not in (404, 405) or str(status) in _responses(operation)


def conforms(operation: str, status: int, kind: str, found: object) -> None:
    """Check that the operation documents this status, with this media type, of this shape."""
    response = _responses(operation)[str(status)]
    if status == 304 or "content" not in response:
        return
    assert kind in response["content"]
    if kind.endswith("json"):
        errors = [error.message for error in _validator(operation, status, kind).iter_errors(found)]
        assert errors == []


@cache
def _responses(operation: str) -> dict[str, Any]:
    described = (one for path in DESCRIPTION["paths"].values() for one in path.values())
    return next(one["responses"] for one in described if one["operationId"] == operation)


@cache
def _validator(operation: str, status: int, kind: str) -> Draft202012Validator:
    schema = _responses(operation)[str(status)]["content"][kind]["schema"]
    return Draft202012Validator({**schema, "components": DESCRIPTION["components"]})
