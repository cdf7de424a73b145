"""Every error has one shape, and the list of codes is the list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecid import api
from ecid.errors import EcidError

DOCUMENTED = re.findall(r"^\| `(\w+)` \| (\d+) \|", (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)


def _tree(root: type[EcidError]) -> Iterator[type[EcidError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


ERRORS = [error for error in _tree(EcidError) if error.__module__ == "ecid.errors"]


def _raised(error: type[EcidError]) -> EcidError:
    fields = set(re.findall(r"{(\w+)}", error.zh + error.en))
    return error(**dict.fromkeys(fields, "…"))


def test_documented_codes_exist_and_existing_codes_are_documented() -> None:
    assert sorted(DOCUMENTED) == sorted((error.code, str(error.status)) for error in ERRORS)


def test_a_code_belongs_to_one_error() -> None:
    owners = defaultdict(list)
    for error in ERRORS:
        owners[error.code].append(error)
    assert {code: classes for code, classes in owners.items() if len(classes) > 1} == {}


@pytest.mark.parametrize("error", ERRORS)
def test_problem_shape(error: type[EcidError]) -> None:
    response = api.problem_response(_raised(error), "zh", "r-1")
    assert response.status_code == error.status
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in response.headers) == (error.status in (429, 503))
    problem = api.problem(_raised(error), "zh", "urn:ecid:request:r-1")
    assert list(problem) == ["type", "title", "status", "detail", "code", "instance"]
    assert problem["type"] == f"urn:ecid:error:{error.code}"
    assert problem["detail"] == _raised(error).sentence("zh") != _raised(error).sentence("en")
