"""Requests made up from the description, sane and senseless ones, against the API as it is served with the sample enterprises."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

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
REFUSED = {"checks": {"negative_data_rejection": {"expected-statuses": [400, 404, 405, 413]}}}
schema = schemathesis.openapi.from_dict(json.loads(files("ecid").joinpath("openapi.json").read_text("utf-8")), config=schemathesis.Config.from_dict(REFUSED))


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_description_says(case: schemathesis.Case[Any], sampled: str) -> None:
    # The page without a domain is the search, but there is no record without one: nothing that a schema can say.
    asks_nothing = case.path == "/verify" and "domain" not in (case.query or {})
    case.call_and_validate(base_url=sampled, excluded_checks=[positive_data_acceptance] if asks_nothing else [])
