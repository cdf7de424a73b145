"""Requests made up from the description, sane and senseless ones, against the API as it is served with the sample enterprises."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.declarations.xlsx import sheet_xml, write_parts

ROOT = Path(__file__).parents[2]
DOMAINS = [
    "harborlight.example",
    "brightcell.example",
    "newleaf.example",
    "nobody.example",
    "WWW.HarborLight.Example.",
    "shop.example.co.uk",
    "münchen.example",
]

schemathesis.openapi.format("domain", st.sampled_from(DOMAINS))
schemathesis.openapi.format("date", st.dates(date(1990, 1, 1)).map(str))
schemathesis.openapi.format("code", st.from_regex(r"[0-9](\.?[0-9]){1,12}", fullmatch=True) | st.just("8507"))
schemathesis.openapi.format("declared", st.from_regex(r"[0-9]{4}(\.?[0-9]{2}){0,3}", fullmatch=True))
schemathesis.openapi.format("record", st.sampled_from(["gri-3-b", "confusion-02-power-bank-vs-charger", "nothing"]))
schemathesis.openapi.format("tariff-code", st.from_regex(r"[0-9]{8}", fullmatch=True) | st.sampled_from(["85076000", "8507.60.00", "8507600090"]))
OWN = "own"
schemathesis.openapi.format("conversation", st.sampled_from([OWN, OWN, "A" * 32]))
schemathesis.openapi.format("last-event", st.from_regex(r"[a-z]{1,8}\.[0-9]{1,3}", fullmatch=True))
CASES = ROOT / "tests" / "declarations" / "cases"
DRAFT, MESSAGE = (CASES / "draft.csv").read_bytes(), (CASES / "message.xml").read_bytes()
TABLE = "<table><tr><td>商品编码</td><td>商品名称</td></tr><tr><td>8507600090</td><td>锂离子电池</td></tr></table>".encode()
with tempfile.TemporaryDirectory() as folder:
    WORKBOOK = write_parts(Path(folder) / "draft.xlsx", {"草稿": sheet_xml([["商品编码", "商品名称"], ["8507600090", "锂离子电池"]])}).read_bytes()
FILES = {"text/csv": DRAFT, "application/octet-stream": DRAFT.decode().encode("gb18030"), "application/xml": MESSAGE, "text/xml": MESSAGE, "text/html": TABLE}
SPREADSHEETS = ("ms-excel", "openxmlformats-officedocument.spreadsheetml.sheet", "oasis.opendocument.spreadsheet")
for kind, content in {**FILES, **{f"application/vnd.{name}": WORKBOOK for name in SPREADSHEETS}}.items():
    schemathesis.openapi.media_type(kind, st.just(content))
REFUSED = {"checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 413, 415, 422]}}}
schema = schemathesis.openapi.from_dict(json.loads(files("ecid").joinpath("openapi.json").read_text("utf-8")), config=schemathesis.Config.from_dict(REFUSED))


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_description_says(case: schemathesis.Case[Any], sampled: str, supplier: dict[str, str]) -> None:
    # The page without a domain is the search, but there is no record without one, and clauses are searched by words or by code: nothing that a schema can say.
    query = case.query or {}
    if case.path_parameters.get("conversation") == OWN:
        case.path_parameters["conversation"] = supplier["conversation"]
    signing = {"Authorization": supplier["authorization"]} if "/assistant/" in case.path else {}
    asks_nothing = (case.path == "/verify" and "domain" not in query) or (case.path == "/v1/clauses" and not (query.get("q") or query.get("code")))
    case.call_and_validate(base_url=sampled, headers=signing, excluded_checks=[positive_data_acceptance] if asks_nothing else [])
