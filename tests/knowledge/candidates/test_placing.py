"""The pieces of placing: what is found all at once is what is found one by one, in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.meanings import Groups, Meanings
from ecid.knowledge.candidates.phrases import Phrases, said
from ecid.knowledge.candidates.placing import Placing, code_shares, code_sums, load_placing_weights, pairs_of
from ecid.knowledge.candidates.placing_block import Asked, Block, Ground
from ecid.knowledge.candidates.placing_told import TOLD
from ecid.knowledge.candidates.postings import Postings
from ecid.knowledge.retrieval.text import terms

WORDS = ["杯", "保温杯", "不锈钢", "LED灯", "钢", "vacuum flask", "flasks", "steel cup", "cup"]


@given(st.lists(st.sampled_from(WORDS), max_size=6).map("".join) | st.text(max_size=20), st.sampled_from(["zh", "en"]))
def test_phrases_are_found_all_at_once_as_one_by_one(text: str, lang: Any) -> None:
    told = said(text, lang)
    one_by_one = [at for at, word in enumerate(WORDS) if said(word, lang).strip() and said(word, lang) in told]
    assert Phrases(((word, at) for at, word in enumerate(WORDS)), lang).touched(told) == one_by_one


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_most_of_groups_is_that_of_their_rows_however_they_are_cut(groups: list[int], part: int, seed: int) -> None:
    of = np.array(groups, dtype=np.int64)
    values = np.random.default_rng(seed).integers(0, 100, (len(of), 3)).astype(np.float32)
    laid_out, found = Groups(of, 7), np.zeros((7, 3), dtype=np.float32)
    for begin in range(0, len(of), part):
        laid_out.most(values[laid_out.order[begin : begin + part]], found, begin)
    expected = np.array([values[of == group].max(axis=0, initial=0.0) for group in range(7)])
    assert np.array_equal(found[laid_out.place], expected)
    for group in range(7):
        assert sorted(laid_out.order[laid_out.rows_of(int(laid_out.place[group]))]) == np.flatnonzero(of == group).tolist()


def meanings(numbers: list[int]) -> tuple[NDArray[np.int8], Meanings]:
    rows = np.random.default_rng(1).integers(-127, 128, (30, 8)).astype(np.int8)
    heads = np.arange(30, dtype=np.int32) % 5
    codes = np.where(np.arange(30) % 7 == 0, -1, 2 * heads + np.arange(30) % 2).astype(np.int32)
    return rows, Meanings(rows, np.array(numbers, dtype=np.int64), heads, codes, (6, 10))


@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_the_nearest_of_headings_and_codes_are_those_of_all_products(numbers: set[int], hidden: set[int]) -> None:
    rows, space = meanings(sorted(numbers))
    vectors = np.random.default_rng(2).integers(-127, 128, (4, 8)).astype(np.float32)
    near = space.nearest(vectors, {1: hidden})
    products = vectors @ rows.T.astype(np.float32)
    products[1, sorted(hidden)] = 0
    for heading in range(6):
        own = [number for number in numbers if number % 5 == heading]
        assert np.array_equal(near.at_headings[:, heading], products[:, own].max(axis=1, initial=0.0))
    for code in range(10):
        own = [number for number in numbers if number % 7 and 2 * (number % 5) + number % 2 == code]
        assert np.array_equal(near.at_codes(np.arange(4), np.full(4, code)), products[:, own].max(axis=1, initial=0.0))


def test_the_nearest_row_under_a_code_or_right_under_its_heading_is_told() -> None:
    rows, space = meanings(list(range(30)))
    vector = rows[14].astype(np.float32)
    assert space.nearest_under(vector, 4, 8) == (14, int(vector @ vector))
    assert space.nearest_under(vector, 5, 9) == space.nearest_under(vector, -1, 9)
    assert meanings([])[1].nearest_under(vector, 4, 8) is None


@pytest.mark.parametrize("text", ["真空保温杯 不锈钢 500ml", "帆布手提包", "没有的东西", ""])
def test_scores_at_once_are_those_of_single_questions(index: CandidateIndex, text: str) -> None:
    asked = [text, "锂电池组 3.7V", text]
    local = list(dict.fromkeys(term for one in asked for term in terms(one)))
    numbers = np.array([index.period.vocabulary.get(term, -1) for term in local], dtype=np.int64)
    counts = np.array([[5.0 * (term in terms(one)) for term in local] for one in asked], dtype=np.float32).reshape(3, -1)
    postings = Postings(index.digests["zh"])
    found = postings.scores(numbers, counts)
    assert np.allclose(found[0], index.digests["zh"].scores(dict.fromkeys(terms(text), 1.0)), atol=0.02)
    assert np.array_equal(found[0], found[2])
    pairs = np.array([(question, code) for question in range(3) for code in range(len(index.codes))])
    assert np.array_equal(postings.scores_of(numbers, counts, pairs[:, 0], pairs[:, 1]), found.reshape(-1))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_probabilities_of_headings_and_of_the_codes_of_one_are_whole(index: CandidateIndex, lang: Any) -> None:
    texts = ("真空保温杯；不锈钢；500毫升", "锂电池组；3.7V", "—") if lang == "zh" else ("vacuum flask; steel", "lithium battery pack", "?")
    ground = Ground(index, lang)
    placing = Placing.of(ground, [Asked(read_goods(text, lang)) for text in texts])
    assert placing.at_headings.sum(axis=1) == pytest.approx(1)
    pairs = pairs_of(ground, [0, 0, 2], [1, 3, 0])
    shares = code_shares(code_sums(placing.block, pairs, load_placing_weights()[ground.lang]), pairs)
    assert [shares[start:end].sum() for start, end in zip(pairs.starts, pairs.ends, strict=True)] == pytest.approx([1, 1, 1])
    own = placing.within([(0, 1)])[0, 1]
    assert sum(own.values()) == pytest.approx(float(placing.at_headings[0, 1]))


def test_weights_are_of_features_that_there_are(index: CandidateIndex) -> None:
    block = Block(Ground(index, "zh"), [Asked(read_goods("真空保温杯", "zh"))])
    pairs = pairs_of(block.ground, [0], [0])
    known = {
        "heading": {name for name, _ in block.heading_evidence()} | {*TOLD},
        "subheading": {name for name, _ in block.code_evidence(pairs.rows[pairs.of], pairs.codes, pairs.starts)} | {*TOLD},
        **{key: {"constant", *block.clarity[0]} for key in ("heading_sharpness", "subheading_sharpness")},
    }
    assert set(load_placing_weights()) == {"zh", "en"}
    for weights in load_placing_weights().values():
        assert {level: set(own) - known[level] for level, own in weights.items()} == {key: set() for key in known}
