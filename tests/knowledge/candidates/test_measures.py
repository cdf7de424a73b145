"""What decides within a heading: the predominating fibre and stated measures, against the fibres and the limits in the wording of codes."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import Language
from ecid.knowledge.candidates.composition import Composition, bit, composed, fibres_of, load_fibres
from ecid.knowledge.candidates.features import evidence_for
from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.candidates.limits import UNBOUNDED, limits_of, load_measures, stated
from ecid.tariff.model import Nomenclature

FOLDER = Path(__file__).parent
COMPOSITIONS = yaml.safe_load((FOLDER / "composition.yaml").read_text("utf-8"))
LIMITS = yaml.safe_load((FOLDER / "limits.yaml").read_text("utf-8"))
TEXTS = {
    "5208": "Woven fabrics of cotton, containing 85% or more by weight of cotton, weighing not more than 200 g/m2",
    "520831": "Fabrics; dyed, plain weave, weighing not more than 100 g/m2",
    "520832": "Fabrics; dyed, plain weave, weighing more than 100 g/m2",
    "5209": "Woven fabrics of cotton, containing 85% or more by weight of cotton, weighing more than 200 g/m2",
    "520931": "Fabrics; dyed, plain weave",
    "5513": "Woven fabrics of synthetic staple fibres, containing less than 85% by weight of such fibres, mixed mainly or solely with cotton",
    "551321": "Fabrics; of polyester staple fibres, dyed",
    "6104": "Dresses, women's or girls', knitted or crocheted",
    "610441": "Dresses; of wool or fine animal hair, knitted or crocheted",
    "610442": "Dresses; of cotton, knitted or crocheted",
    "610443": "Dresses; of synthetic fibres, knitted or crocheted",
    "610444": "Dresses; of artificial fibres, knitted or crocheted",
    "610449": "Dresses; of textile materials (other than wool, cotton or man-made fibres), knitted or crocheted",
    "8501": "Electric motors",
    "850131": "Motors; DC, of an output not exceeding 750W",
    "850132": "Motors; DC, of an output exceeding 750W but not exceeding 75kW",
    "850133": "Motors; DC, of an output exceeding 75kW but not exceeding 375kW",
    "8544": "Insulated wire",
    "854449": "Conductors; for a voltage not exceeding 1000 volts",
}


@pytest.mark.parametrize("case", COMPOSITIONS, ids=[case["text"] for case in COMPOSITIONS])
def test_the_predominating_fibre_is_read(case: dict[str, Any]) -> None:
    expected = Composition(case["fibre"], case["share"]) if "fibre" in case else None
    assert composed(read_goods(case["text"], case["lang"])) == expected


@pytest.mark.parametrize("case", LIMITS["wording"], ids=[case["own"] for case in LIMITS["wording"]])
def test_limits_are_read_from_wording(case: dict[str, Any]) -> None:
    found = {limit.measure: [limit.low if limit.low > -UNBOUNDED else None, limit.high if limit.high < UNBOUNDED else None] for limit in _limits(case)}
    assert found == {name: bounds for name, bounds in case.items() if name not in ("own", "above")}


def _limits(case: dict[str, Any]) -> list[Any]:
    return limits_of(case["own"], case.get("above", ""))


@pytest.mark.parametrize("case", LIMITS["stated"], ids=[case["text"] for case in LIMITS["stated"]])
def test_measures_are_read_from_descriptions(case: dict[str, Any]) -> None:
    assert stated(read_goods(case["text"], case["lang"])) == {name: number for name, number in case.items() if name not in ("text", "lang")}


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="0123456789.,%/- wWkKVg棉涤t²x", min_size=1, max_size=40), lang=st.sampled_from(["zh", "en"]))
def test_whatever_is_written_is_read(text: str, lang: Language) -> None:
    goods = read_goods(text, lang)
    made_of = composed(goods)
    assert made_of is None or 0 <= made_of.share <= 10_000
    assert all(name in {measure.name for measure in load_measures()} for name in stated(goods))


@cache
def world() -> CandidateIndex:
    days = (date(2022, 1, 1), date(2027, 12, 31))
    return build_index((), [], [Nomenclature("hs-test", "test", *days, "en", "test", "", TEXTS)], date(2025, 6, 1))


@pytest.mark.parametrize(
    ("text", "lang", "towards", "against", "fits", "fails"),
    [
        ("knit dress 95% cotton 5% spandex", "en", "fibre", "other_fibre", {"610442"}, {"610441", "610443", "610444", "610449", "551321"}),
        ("针织连衣裙；成分：蚕丝100%", "zh", "fibre", "other_fibre", {"610449"}, {"610442", "610443", "520931"}),
        ("dyed fabric, 100% cotton, 100gsm", "en", "within", "beyond", {"520831"}, {"520832", "520931"}),
        ("dyed fabric, 100% cotton, 101gsm", "en", "within", "beyond", {"520832"}, {"520831", "520931"}),
        ("dyed fabric, 84.99% cotton 15.01% polyester", "en", "within", "beyond", set(), {"520831", "520832", "520931"}),
        ("dyed fabric, 85% cotton 15% polyester", "en", "within", "beyond", {"520831", "520832", "520931"}, set()),
        ("dyed fabric, 65% polyester 35% cotton", "en", "within", "beyond", {"551321"}, set()),
        ("DC motor 750W", "en", "within", "beyond", {"850131"}, {"850132", "850133"}),
        ("直流电机；额定功率：751瓦", "zh", "within", "beyond", {"850132"}, {"850131", "850133"}),
        ("DC motor 75kW 400V", "en", "within", "beyond", {"850132", "854449"}, {"850131", "850133"}),
        ("DC motor 999,999,999 MW", "en", "within", "beyond", set(), {"850131", "850132", "850133"}),
        ("DC motor", "en", "within", "beyond", set(), set()),
        ("ceramic mug", "en", "fibre", "other_fibre", set(), set()),
    ],
)
def test_codes_are_spoken_for_and_against(text: str, lang: Language, towards: str, against: str, fits: set[str], fails: set[str]) -> None:
    evidence = evidence_for(world(), text, lang)
    for name, expected, whole in ((towards, fits, fits == set()), (against, fails, fails == set())):
        found = {code for code, value in zip(world().codes, evidence.at_codes[name], strict=True) if value}
        assert found == expected if whole or name in ("within", "beyond") else expected <= found


def test_a_heading_is_spoken_against_when_all_its_codes_are() -> None:
    rows = evidence_for(world(), "knit dress, 100% cotton", "en").at_headings
    told = {heading: (fibre, other) for heading, fibre, other in zip(world().headings, rows["fibre"], rows["other_fibre"], strict=True)}
    assert told["6104"] == (1, 0)
    assert told["5513"] == (0, 1)
    assert told["8501"] == (0, 0)


def test_a_fibre_without_its_share_counts_half() -> None:
    rows = evidence_for(world(), "cotton dress", "en").at_codes
    assert max(rows["fibre"]) == max(rows["other_fibre"]) == 0.5


def test_what_is_left_is_for_what_the_neighbours_do_not_name() -> None:
    found = fibres_of({code: (text, TEXTS[code[:4]]) for code, text in TEXTS.items() if len(code) == 6})
    assert found["610449"] == bit("silk") | bit("vegetable")
    assert found["551321"] == bit("synthetic")
    assert "850131" not in found


def test_the_tables_are_sound() -> None:
    words = [word for fibre in load_fibres() for word in fibre.words]
    assert len(set(words)) == len(words)
    assert all(word == word.lower() for word in words)
    assert len(load_fibres()) <= 8
    for measure in load_measures():
        assert measure.units
        assert all(unit == unit.lower() and factor > 0 for unit, factor in measure.units.items())
        assert measure.words or not measure.named
