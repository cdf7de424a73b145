"""The description of the HTTP API (OpenAPI 3.1), for machines: `python -m ecid.openapi` writes `openapi.json` beside this module.

It is made from the routes that the functions declare, from what `openapi.toml` says of each operation, from the errors' own statuses and sentences
and from the schema of the record. Serving it reads the file; nothing that describes is loaded by what answers.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from ecid import __version__, api, streaming
from ecid.errors import EcidError, Language
from ecid.settings import CHECKOUT, Settings

Json = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def served(settings: Settings) -> Json:
    """The description as this installation gives it: with its own address, and its operator where one is named."""
    document = _stored()
    contact = {"contact": {"name": settings.operator, "url": settings.public_url}} if settings.operator else {}
    return {**document, "info": {**document["info"], **contact}, "servers": [{"url": settings.public_url}]}


def document(operations: Iterable[api.Operation]) -> Json:
    """The description of `operations`, without server and operator. Raises ValueError where routes and `openapi.toml` do not match."""
    said, examples = tomllib.loads(_text("openapi.toml")), json.loads(_text("openapi.examples.json"))
    declared = list(operations)
    if sorted(operation.operation_id for operation in declared) != sorted(said["operations"]):
        raise ValueError(f"openapi.toml does not describe exactly {sorted(operation.operation_id for operation in declared)}")
    paths: dict[str, Json] = {}
    for method, path, name in sorted(declared, key=lambda operation: (operation.path, operation.method)):
        paths.setdefault(path, {})[method.lower()] = _operation(name, said["operations"][name], said["contexts"])
    return {
        "openapi": "3.1.0",
        "info": {"title": said["info"]["title"], "version": __version__, **said["info"]},
        "tags": [{"name": name, "description": description} for name, description in said["tags"].items()],
        "paths": paths,
        "components": {
            "schemas": {**dict(_record_schemas()), **dict(_block_schemas()), **said["schemas"]},
            "securitySchemes": said["securitySchemes"],
            "parameters": said["parameters"],
            "headers": said["headers"],
            "examples": {"Record": {"summary": "A registered domain", "value": json.loads(_text("verification/record.example.json"))}, **examples},
        },
    }


def declared_operations() -> Iterator[api.Operation]:
    """The routes of every function of the checkout that answers HTTP."""
    for path in sorted((CHECKOUT / "functions").glob("*/app.py")):
        spec = importlib.util.spec_from_file_location(f"described_{path.parent.name}", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        app = getattr(module, "app", None)
        if isinstance(app, api.Application | streaming.Routes):
            yield from app.operations


def text(described: Mapping[str, Any]) -> str:
    """The description as it stands in its file."""
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def _operation(name: str, said: Mapping[str, Any], contexts: Mapping[str, Json]) -> Json:
    described: Json = {"operationId": name, "tags": [said["tag"]], "summary": said["summary"]}
    described |= {key: said[key] for key in ("description", "requestBody", "security") if key in said}
    if "parameters" in said:
        described["parameters"] = [{"$ref": f"#/components/parameters/{parameter}"} for parameter in said["parameters"]]
    responses = {status: _response(response) for status, response in said["responses"].items()}
    if said.get("cached"):
        responses["304"] = _response({"description": "What `If-None-Match` names is still the answer.", "headers": ["Cache-Control", "ETag"]})
    for status, errors in _by_status([*said.get("errors", ()), "internal_error"]).items():
        responses[str(status)] = _problems(errors, contexts, page=said.get("page", False))
    return described | {"responses": dict(sorted(responses.items()))}


def _response(said: Mapping[str, Any]) -> Json:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in said["headers"]}
    return {**said, "headers": headers}


def _problems(errors: list[type[EcidError]], contexts: Mapping[str, Json], *, page: bool) -> Json:
    """The response of one status: the problem document with its codes, and the page that a person gets instead."""
    codes = [error.code for error in errors]
    schema = {"allOf": [{"$ref": f"{_SCHEMAS}Problem"}, {"properties": {"code": {"enum": codes}, "status": {"const": errors[0].status}}}]}
    examples = {
        f"{error.code}_{lang}": {"value": api.problem(error(**contexts.get(error.code, {})), lang, "urn:ecid:request:JKJaXmPLvHcESHA=")}
        for error in errors
        for lang in get_args(Language)
    }
    content: Json = {api.PROBLEM: {"schema": schema, "examples": examples}}
    if page:
        content[api.HTML] = {"schema": {"type": "string"}}
    headers = ["Cache-Control", "Vary", *({401: ["WWW-Authenticate"], 503: ["Retry-After"]}.get(errors[0].status, []))]
    return _response({"description": " · ".join(f"`{code}`" for code in codes), "headers": headers, "content": content})


def _by_status(codes: Iterable[str]) -> dict[int, list[type[EcidError]]]:
    # A kind of an error may have a sentence of its own under the same code; it is the error itself that is described.
    errors = list(_tree(EcidError))[::-1]
    errors.sort(key=lambda error: error.__module__ == EcidError.__module__)
    known = {error.code: error for error in errors}
    grouped: dict[int, list[type[EcidError]]] = {}
    for code in codes:
        grouped.setdefault(known[code].status, []).append(known[code])
    return grouped


def _tree(root: type[EcidError]) -> Iterator[type[EcidError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _record_schemas() -> Iterator[tuple[str, Json]]:
    """The schema of the record, its definitions as schemas of their own."""
    whole = json.loads(_text("verification/record.schema.json").replace('"#/$defs/', f'"{_SCHEMAS}Record_'))
    definitions = whole.pop("$defs")
    yield "Record", {key: value for key, value in whole.items() if key not in ("$schema", "$id")}
    for name, schema in definitions.items():
        yield f"Record_{name}", schema


def _block_schemas() -> Iterator[tuple[str, Json]]:
    """The schemas of the assistant's blocks, from their types; every field is always there."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - only who writes the description needs it

    from ecid.assistant.blocks import Block  # noqa: PLC0415

    whole = TypeAdapter(Block).json_schema(ref_template=f"{_SCHEMAS}Assistant{{model}}")
    for name, schema in {**whole.pop("$defs"), "Block": whole}.items():
        if "properties" in schema:
            schema["properties"] |= {"url": {"type": "string"}} if name == "Citation" else {}
            schema |= {"additionalProperties": False, "required": sorted(schema["properties"])}
        yield f"Assistant{name}", schema


@cache
def _stored() -> Json:
    document: Json = json.loads(_text("openapi.json"))
    return document


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


if __name__ == "__main__":
    (CHECKOUT / "layers" / "core" / "python" / "ecid" / "openapi.json").write_text(text(document(declared_operations())), "utf-8")
