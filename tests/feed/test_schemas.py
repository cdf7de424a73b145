"""`docs/events` is what the models say, and agrees with them on every example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from ecid.feed.schemas import schema_text, schemas

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "events"
EXAMPLES = sorted((Path(__file__).parent / "events").glob("*.json"))


@pytest.mark.parametrize("name", schemas())
def test_schema_is_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == schema_text(schemas()[name]), "run `python -m ecid.feed.schemas docs/events`"


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in DOCS.glob("*.json")} == set(schemas())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_schema_takes_the_example(path: Path) -> None:
    schema = json.loads((DOCS / f"{path.stem}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    event = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(event)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(event | {"unknown": 1})


def test_every_type_has_an_example_in_the_tests_and_in_the_readme() -> None:
    types = {name.removesuffix(".schema.json") for name in schemas()}
    assert {path.stem for path in EXAMPLES} == types
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", (DOCS / "README.md").read_text("utf-8"), re.DOTALL)]
    assert {event["type"]: event for event in shown} == {path.stem: json.loads(path.read_text("utf-8")) for path in EXAMPLES}
