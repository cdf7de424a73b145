"""Vectors of texts: what means the same is near, in one language and across them; what is stored of them loses little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid.knowledge.candidates.vectors import chinese, english, fitted_chinese, nearness, stored

PAIRS = (
    ("不锈钢水杯", "stainless steel cup"),
    ("不锈钢餐具", "stainless steel cutlery"),
    ("棉制女式衬衫", "women's cotton blouse"),
    ("男式羊毛大衣", "men's wool overcoat"),
)


@pytest.mark.parametrize(
    ("text", "nearer", "farther"),
    [
        ("sneakers", "running shoes", "frying pan"),
        ("sofa", "upholstered couch", "car tyre"),
        ("cellphone cover", "case for a mobile phone", "bed cover of cotton"),
        ("aluminum cookware", "aluminium kitchen utensils", "aluminium window frames"),
    ],
)
def test_other_words_for_the_same_goods_are_near(text: str, nearer: str, farther: str) -> None:
    one, near, far = english([text, nearer, farther])
    assert one @ near > one @ far + 0.1


def test_chinese_goods_are_near_what_they_are_called_in_english() -> None:
    terms, rows = fitted_chinese(PAIRS)
    numbers = {term: number for number, term in enumerate(terms)}
    found = chinese([name for name, _ in PAIRS], numbers, np.arange(len(terms), dtype=np.int32), rows)
    likeness = found @ english(called for _, called in PAIRS).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert fitted_chinese(PAIRS)[0] == terms
    assert np.array_equal(fitted_chinese(PAIRS)[1], rows)


def test_terms_without_a_vector_only_shorten_it() -> None:
    terms, rows = fitted_chinese(PAIRS)
    numbers = {"咖": 0, "啡": 1, **{term: number + 2 for number, term in enumerate(terms)}}
    known = np.arange(2, len(terms) + 2, dtype=np.int32)
    unknown, mixed, plain = chinese(["咖啡", "咖啡水杯", "水杯"], numbers, known, rows)
    assert not unknown.any()
    assert mixed @ plain == pytest.approx(np.linalg.norm(mixed), abs=1e-5)
    assert 0.4 < np.linalg.norm(mixed) < 0.8
    assert np.linalg.norm(plain) == pytest.approx(1, abs=1e-5)


def test_words_that_nobody_knows_only_shorten_it() -> None:
    brand, plain = english(["qqzzkk mug", "mug"])
    assert brand == pytest.approx(plain * np.sqrt(0.5), abs=1e-5)


def test_nothing_to_fit_is_no_terms() -> None:
    terms, rows = fitted_chinese(())
    assert terms == []
    assert rows.shape[0] == 0
    assert not chinese(["水杯"], {"水": 0}, np.zeros(0, dtype=np.int32), rows).any()


@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_vector_is_no_longer_than_one(texts: list[str]) -> None:
    lengths = np.linalg.norm(english(texts), axis=1)
    assert len(lengths) == len(texts)
    assert all(0 <= length <= 1 + 1e-4 for length in lengths)


def test_a_byte_a_number_loses_little() -> None:
    vectors = english(["frying pan", "running shoes", "wool overcoat"])
    assert nearness(stored(vectors), vectors) == pytest.approx(np.maximum(vectors @ vectors.T, 0), abs=0.02)


def test_silent_words_change_nothing() -> None:
    plain, wordy = english(["steel cup", "the cup of steel"])
    assert plain @ wordy == pytest.approx(1, abs=1e-5)
    assert english(["of the"]).any()
