"""Identifiers: the cases of `codes.yaml`, formulas against an independent computation, and hostile text."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecid.errors import InvalidIdentifier
from ecid.identity import codes, filings, goods_numbers
from ecid.identity.identifier import Identifier

TODAY = date(2026, 5, 17)
CHECKS: dict[str, Callable[[str], Identifier]] = {
    "uscc": codes.check_uscc,
    "customs_code": codes.check_customs_code,
    "aeo_code": codes.check_aeo_code,
    "declaration_no": partial(codes.check_declaration_no, today=TODAY),
    "refund_line": lambda text: codes.read_refund_line(text, TODAY).identifier,
    "commodity_code": goods_numbers.check_commodity_code,
    "gtin": goods_numbers.check_gtin,
    "cas": goods_numbers.check_cas,
    "icp": filings.check_icp,
    "public_security": filings.check_public_security,
}
CASES = yaml.safe_load((Path(__file__).parent / "codes.yaml").read_text("utf-8"))
ACCEPTED = [(kind, *case) for kind, cases in CASES.items() for case in cases["accepted"]]
REJECTED = [(kind, *case) for kind, cases in CASES.items() for case in cases["rejected"]]
WORDING = tomllib.loads(files("ecid.identity").joinpath("identifiers.toml").read_text("utf-8"))
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_accepted(case: tuple[Any, ...]) -> None:
    kind, text, value, *warned = case
    found = CHECKS[kind](text)
    assert (found.kind, found.value) == (kind, value)
    assert [warning.code for warning in found.warnings] == (warned[0] if warned else [])
    assert all(warning.zh and warning.en for warning in found.warnings)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_rejected(case: tuple[str, str, str, str]) -> None:
    kind, text, reason, words = case
    with pytest.raises(InvalidIdentifier) as caught:
        CHECKS[kind](text)
    assert (caught.value.context["kind"], caught.value.context["reason"]) == (kind, reason)
    assert words in caught.value.sentence("en")
    assert caught.value.context["reason_zh"]


def test_every_check_has_cases() -> None:
    assert CASES.keys() == CHECKS.keys()


def test_every_reason_and_warning_has_a_case_and_both_languages() -> None:
    assert {reason for _, _, reason, _ in REJECTED} | {"aeo_other_enterprise"} == WORDING["reasons"].keys()
    assert {code for case in ACCEPTED for code in (case[3] if len(case) > 3 else [])} == WORDING["warnings"].keys()
    for table in ("reasons", "warnings"):
        for code, entry in WORDING[table].items():
            assert entry.keys() == {"zh", "en"}, code
            assert {"zh": entry["zh"], "en": entry["en"]} != {"zh": entry["en"], "en": entry["zh"]}, code


def test_every_kind_reason_and_warning_is_documented() -> None:
    documented = set(re.findall(r"^\| `([^`]+)`", (Path(__file__).parents[2] / "docs" / "identifiers.md").read_text("utf-8"), re.MULTILINE))
    domains = tomllib.loads(files("ecid.identity").joinpath("domains.toml").read_text("utf-8"))
    assert documented == CHECKS.keys() | WORDING["reasons"].keys() | WORDING["warnings"].keys() | domains["reasons"].keys() | domains["notes"].keys()


def test_sentences_of_both_languages_take_the_same_facts() -> None:
    def facts(template: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for table in ("reasons", "warnings"):
        for code, entry in WORDING[table].items():
            assert code == "aeo_abroad" or facts(entry["zh"]) == facts(entry["en"]), code


def test_the_aeo_code_must_be_the_enterprises_own() -> None:
    assert codes.check_aeo_code("AEOCN3302934567", "3302934567").value == "AEOCN3302934567"
    with pytest.raises(InvalidIdentifier, match="not the enterprise's own") as caught:
        codes.check_aeo_code("AEOCN3302934567", "3302934568")
    assert caught.value.context["reason"] == "aeo_other_enterprise"


@pytest.mark.parametrize(
    ("text", "division", "zone", "ownership", "own_goods"),
    [
        ("3302260A1B", "33", "economic and technological development zone", "private enterprise", True),
        ("4403149876", "44", "special economic zone", "wholly foreign-owned enterprise", True),
        ("3302980001", "33", "elsewhere", "customs broker", False),
        ("3302WA0001", "33", None, None, True),
    ],
)
def test_what_a_customs_code_says(text: str, division: str, zone: str | None, ownership: str | None, own_goods: bool) -> None:
    read = codes.read_customs_code(text)
    assert (read.division, read.own_goods) == (division, own_goods)
    assert (read.zone and read.zone.en, read.ownership and read.ownership.en) == (zone, ownership)


def test_a_refund_line_names_declaration_and_item() -> None:
    read = codes.read_refund_line("530420250040970934012", TODAY)
    assert (read.declaration_no, read.item) == ("530420250040970934", 12)


TYPED = (
    st.text(max_size=80) | st.text("0123456789 EILOZ-.Ａ１а٣²ßſ京备号ICP公网安\u202e\u200b", max_size=24) | st.sampled_from([str(case[1]) for case in ACCEPTED])
)


@given(TYPED)
@example("5" * 18)
@example("\ud800" * 18)
@example("E" * 18)
@settings(max_examples=300, deadline=None)
def test_any_text_is_named_or_read_to_a_fixed_point(text: str) -> None:
    for kind, check in CHECKS.items():
        with contextlib.suppress(InvalidIdentifier):
            first = check(text)
            assert check(first.value).value == first.value, kind
            assert first.value.strip() == first.value
            assert first.value.isascii() or kind in {"icp", "public_security"}


@given(TYPED)
@settings(max_examples=200, deadline=None)
def test_a_refusal_shows_nothing_that_turns_or_hides_text(text: str) -> None:
    for check in CHECKS.values():
        try:
            check(text)
        except InvalidIdentifier as refused:
            assert all(char.isprintable() for lang in ("zh", "en") for char in refused.sentence(lang))  # type: ignore[arg-type]  # noqa: PT017
            assert len(refused.sentence("zh")) < 200  # noqa: PT017
            assert refused.context["reason"] in WORDING["reasons"]  # noqa: PT017


def _completed(division: str, organisation: str) -> str:
    # ISO 7064 MOD 31-3, as GB 32100 puts it: the weighted sum including the check character is a multiple of 31.
    body = "91" + division + organisation
    (check,) = [char for char in USCC_ALPHABET if _remainder(body + char) == 0]
    return body + check


def _remainder(text: str) -> int:
    weighted = sum(USCC_ALPHABET.index(char) * 3**index for index, char in enumerate(text[:17]))
    return (weighted + USCC_ALPHABET.index(text[17])) % 31


def _accepted(text: str) -> bool:
    try:
        codes.check_uscc(text)
    except InvalidIdentifier:
        return False
    return True


USCCS = st.builds(_completed, st.text("0123456789", min_size=6, max_size=6), st.text(USCC_ALPHABET, min_size=9, max_size=9))


@given(USCCS)
@settings(max_examples=25, deadline=None)
def test_one_wrong_character_of_a_uscc_is_always_found(good: str) -> None:
    assert _accepted(good)
    assert not [bad for at in range(18) for other in USCC_ALPHABET if (bad := good[:at] + other + good[at + 1 :]) != good and _accepted(bad)]


@given(USCCS)
@example("81330282MA2H7K4W69")
@settings(max_examples=25, deadline=None)
def test_two_swapped_characters_of_a_uscc_are_always_found_but_the_first_and_the_last(good: str) -> None:
    """The weights are 3^0 … 3^16 and, for the check character, 1 again: modulo 31 all differ but the first and the last."""
    for one, other in combinations(range(18), 2):
        swapped = list(good)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        if swapped[one] != swapped[other]:
            found = not _accepted("".join(swapped))
            assert found or (one, other) == (0, 17)


def test_the_first_and_the_last_character_of_a_uscc_can_be_swapped_unseen() -> None:
    assert _accepted("91330282MA2H7K4W68")
    assert _accepted("81330282MA2H7K4W69")


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8))
@settings(max_examples=40, deadline=None)
def test_exactly_one_check_completes_the_organisation_code_inside(body: str) -> None:
    """GB 11714: of 0-9 and X one passes without the warning; the whole code holds in each case."""
    found = [codes.check_uscc(_completed("330282", body + check)).warnings for check in "0123456789X"]
    assert sum(not warnings for warnings in found) == 1
    assert all(warning.code == "organisation_check" for warnings in found for warning in warnings)


@given(st.from_regex(r"[0-9]{7}|[0-9]{11,13}", fullmatch=True).filter(lambda body: len(set(body)) > 1))
@settings(max_examples=60, deadline=None)
def test_exactly_one_check_digit_completes_a_gtin(body: str) -> None:
    accepted = 0
    for digit in range(10):
        with contextlib.suppress(InvalidIdentifier):
            accepted += goods_numbers.check_gtin(f"{body}{digit}").value == f"{body}{digit}"
    assert accepted == 1
