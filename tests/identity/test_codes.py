"""Identifiers: the cases of `codes.yaml`, formulas against an independent computation, and hostile text."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.errors import InvalidIdentifier
from ecid.identity import codes

TODAY = date(2026, 5, 17)
CHECKS: dict[str, Callable[[str], codes.Identifier]] = {
    "uscc": codes.check_uscc,
    "customs_code": codes.check_customs_code,
    "aeo_code": codes.check_aeo_code,
    "declaration_no": partial(codes.check_declaration_no, today=TODAY),
    "commodity_code": codes.check_commodity_code,
    "gtin": codes.check_gtin,
    "cas": codes.check_cas,
}
CASES = yaml.safe_load((Path(__file__).parent / "codes.yaml").read_text("utf-8"))
ACCEPTED = [(kind, *case) for kind, cases in CASES.items() for case in cases["accepted"]]
REJECTED = [(kind, *case) for kind, cases in CASES.items() for case in cases["rejected"]]
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_accepted(case: tuple[Any, ...]) -> None:
    kind, text, value, *warned = case
    found = CHECKS[kind](text)
    assert (found.kind, found.value) == (kind, value)
    assert [warning.code for warning in found.warnings] == (warned[0] if warned else [])
    assert all(warning.zh and warning.en for warning in found.warnings)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_rejected(case: tuple[str, str, str]) -> None:
    kind, text, reason = case
    with pytest.raises(InvalidIdentifier) as caught:
        CHECKS[kind](text)
    assert caught.value.context["kind"] == kind
    assert reason in caught.value.sentence("en")
    assert caught.value.context["reason_zh"]


def test_every_check_has_cases() -> None:
    assert CASES.keys() == CHECKS.keys()


def test_the_aeo_code_must_be_the_enterprises_own() -> None:
    assert codes.check_aeo_code("AEOCN3302934567", "3302934567").value == "AEOCN3302934567"
    with pytest.raises(InvalidIdentifier, match="not the enterprise's own"):
        codes.check_aeo_code("AEOCN3302934567", "3302934568")


def test_validity_as_a_question() -> None:
    assert codes.valid_gtin("6901234567892")
    assert not codes.valid_gtin("6901234567890")
    assert codes.valid_cas("79-10-7")
    assert not codes.valid_cas("丙烯酸")


@given(st.text(max_size=80))
def test_any_text_is_accepted_or_named(text: str) -> None:
    for check in CHECKS.values():
        with contextlib.suppress(InvalidIdentifier):
            assert check(text).value


@given(
    st.text("0123456789", min_size=6, max_size=6),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
    st.integers(0, 17),
    st.sampled_from(USCC_ALPHABET),
)
def test_one_wrong_character_of_a_uscc_is_always_found(division: str, organisation: str, position: int, other: str) -> None:
    # ISO 7064 MOD 31-3, as GB 32100 puts it: the weighted sum including the check character is a multiple of 31.
    body = "91" + division + organisation
    (check,) = [char for char in USCC_ALPHABET if _remainder(body + char) == 0]
    good = body + check
    assert codes.check_uscc(good).value == good
    bad = good[:position] + other + good[position + 1 :]
    if bad != good:
        with pytest.raises(InvalidIdentifier):
            codes.check_uscc(bad)


def _remainder(text: str) -> int:
    weighted = sum(USCC_ALPHABET.index(char) * 3**index for index, char in enumerate(text[:17]))
    return (weighted + USCC_ALPHABET.index(text[17])) % 31


@given(st.from_regex(r"[0-9]{7}|[0-9]{11,13}", fullmatch=True))
def test_exactly_one_check_digit_completes_a_gtin(body: str) -> None:
    assert sum(codes.valid_gtin(f"{body}{digit}") for digit in range(10)) == 1
