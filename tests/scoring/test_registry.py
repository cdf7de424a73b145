"""Judgement is data: every rule has a dimension, wording in both languages, advice, a basis and a route."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from ecid.scoring.policy import PPM, load_policy
from ecid.scoring.rules import GOODS_RULES, RULE_DIMENSIONS
from ecid.scoring.wording import dimension_name, rule_wording

DATA = tomllib.loads(files("ecid.scoring").joinpath("wording.toml").read_text("utf-8"))


@pytest.mark.parametrize("rule", sorted(RULE_DIMENSIONS))
def test_every_rule_is_worded(rule: str) -> None:
    wording = rule_wording(rule)
    for text in (wording.title, wording.question, wording.advice, wording.basis):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
    assert not re.search(r"\.md|§", " ".join(wording.basis.values())), "a note of ours is no source for a reader"
    assert not re.search(r"[A-Za-z]{5}", wording.basis["zh"])
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


def test_sums_over_the_rules_of_a_dimension_fit_into_64_bits() -> None:
    """Σ w · x is summed as Int64 over what all rules of a dimension charge; an unknown code is charged in dimensions 1 to 4."""
    policy = load_policy()
    for dimension in policy.dimensions:
        rules = sum(of == dimension.number for of in RULE_DIMENSIONS.values()) + (2 <= dimension.number <= 4)
        assert rules * policy.total_weight * PPM < 2**63, dimension.number


@pytest.mark.parametrize(
    ("micro", "band"), [(90_000_000, "90_plus"), (89_999_999, "85_to_90"), (85_000_000, "85_to_90"), (84_999_999, "below_85"), (0, "below_85")]
)
def test_bands_compare_the_exact_score(micro: int, band: str) -> None:
    assert load_policy().band(micro) == band
