"""Write the JSON Schemas of the source events: `python -m ecid.feed.schemas docs/events`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema

from ecid.feed.envelopes import Envelope
from ecid.feed.events import EVENT_TYPES


class _Untitled(GenerateJsonSchema):
    """Without the titles that only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002, RUF100
        """Never."""
        return False


def schemas() -> dict[str, dict[str, Any]]:
    """File name to JSON Schema (2020-12), one per event type."""
    return {f"{_type(model)}.schema.json": _schema(model) for model in EVENT_TYPES}


def schema_text(schema: dict[str, Any]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _type(model: type[Envelope]) -> str:
    return str(get_args(model.model_fields["type"].annotation)[0])


def _schema(model: type[Envelope]) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Untitled)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:ecid:event:{_type(model)}", **schema}


if __name__ == "__main__":
    for name, schema in schemas().items():
        (Path(sys.argv[1]) / name).write_text(schema_text(schema), "utf-8")
