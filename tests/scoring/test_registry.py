"""Judgement is data: every rule has a dimension, wording in both languages, advice, a basis and a route."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from ecid.scoring.policy import load_policy
from ecid.scoring.rules import GOODS_RULES, RULE_DIMENSIONS
from ecid.scoring.wording import dimension_name, rule_wording

DATA = tomllib.loads(files("ecid.scoring").joinpath("wording.toml").read_text("utf-8"))


@pytest.mark.parametrize("rule", sorted(RULE_DIMENSIONS))
def test_every_rule_is_worded(rule: str) -> None:
    wording = rule_wording(rule)
    for text in (wording.title, wording.question, wording.advice):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
    assert wording.basis
    assert wording.routes
    assert "错" not in wording.title["zh"] + wording.title["en"]
    assert "wrong" not in (wording.title["en"] + wording.question["en"]).lower()


def test_nothing_is_worded_that_is_no_rule() -> None:
    assert set(DATA["rule"]) == set(RULE_DIMENSIONS)
    routes = tomllib.loads(files("ecid.scoring").joinpath("routes.toml").read_text("utf-8"))["route"]
    assert {route for entry in DATA["rule"].values() for route in entry["routes"]} == set(routes)


def test_rules_belong_to_dimensions_of_the_policy() -> None:
    policy = load_policy()
    assert set(RULE_DIMENSIONS.values()) <= {dimension.number for dimension in policy.dimensions}
    assert sum(dimension.weight for dimension in policy.dimensions) == 100
    for dimension in policy.dimensions:
        assert set(dimension_name(dimension.number)) == {"zh", "en"}
    assert len({rule.code for rule in GOODS_RULES}) == len(GOODS_RULES)


@pytest.mark.parametrize(
    ("micro", "band"), [(90_000_000, "90_plus"), (89_999_999, "85_to_90"), (85_000_000, "85_to_90"), (84_999_999, "below_85"), (0, "below_85")]
)
def test_bands_compare_the_exact_score(micro: int, band: str) -> None:
    assert load_policy().band(micro) == band
