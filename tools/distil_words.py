"""Make the vectors of English words that candidate headings are found with (`words_en.txt`, `words_en.npy`), from a sentence encoder.

    python tools/distil_words.py MODEL.onnx tokenizer.json

docs/candidates.md says from which. A text that is the sum of its words' vectors is to come out as near as can be to what the encoder makes of it. The texts are
names of goods and tariff wording of the pack and of what is imported, without rulings and decisions and without the names that `candidate_cases.py` holds out,
and phrases put together from them and from common words. The words are those of the texts and the whole words of the encoder's own vocabulary. About ten
minutes on two cores; the same knowledge and encoder give the same file.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from candidate_cases import held_out
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from tokenizers import Tokenizer

from ecid.bootstrap import platform
from ecid.knowledge.candidates.vectors import known_words, least_squares, stored
from ecid.knowledge.corpus import assemble
from ecid.knowledge.pack_records import read_records
from ecid.services import import_knowledge

FOLDER = Path(__file__).parents[1] / "layers" / "core" / "python" / "ecid" / "knowledge" / "candidates"
DIMENSIONS, RIDGE, ROUNDS = 96, 0.3, 40
MADE_UP, SEED = 45_000, 7
_BATCH, _LONGEST, _CHARS = 64, 64, 120
_WORD = re.compile(r"[a-z]{2,}")
Matrix = NDArray[np.float32]


class Encoder:
    """Texts to vectors of length 1: the mean of what the network makes of their tokens."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self.tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_truncation(_LONGEST)
        self.tokenizer.enable_padding()
        self.network = onnxruntime.InferenceSession(str(model))
        self.inputs = {given.name for given in self.network.get_inputs()}

    def whole_words(self) -> list[str]:
        """Of the encoder's vocabulary, commonest first."""
        numbered: dict[str, int] = self.tokenizer.get_vocab()
        return [word for word in sorted(numbered, key=numbered.__getitem__) if _WORD.fullmatch(word)]

    def __call__(self, texts: Sequence[str]) -> Matrix:
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found: list[Matrix] = []
        for start in range(0, len(order), _BATCH):
            read = self.tokenizer.encode_batch([texts[at] for at in order[start : start + _BATCH]])
            mask = np.array([one.attention_mask for one in read], dtype=np.int64)
            given = {"input_ids": np.array([one.ids for one in read], dtype=np.int64), "attention_mask": mask, "token_type_ids": np.zeros_like(mask)}
            tokens = self.network.run(None, {name: value for name, value in given.items() if name in self.inputs})[0]
            found.append((tokens * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))
        vectors = np.concatenate(found)[np.argsort(order)].astype(np.float32)
        return _unit(vectors)


def known_texts() -> Iterator[str]:
    """Names of goods and wording of the tariff."""
    settings = platform().settings
    records, _ = held_out(list(assemble(read_records(settings.pack_dir), import_knowledge.loaded(settings.home, settings.pack_dir)).records))
    for record in records:
        sides = [record.facts.get("names", {}), *record.facts.get("sides", ()), *record.facts.get("excludes", ()), *record.facts.get("includes", ())]
        yield from (name for side in sides for name in side.get("en", ()))
        if record.kind == "line" and "en" in record.title:
            yield from (record.title["en"], *record.facts.get("below", ()))


def made_up(names: Sequence[Sequence[str]], common: Sequence[str]) -> Iterator[str]:
    """Phrases that nobody wrote: what one name begins and another ends with, two names, a common word before a name, common words."""
    drawn = random.Random(SEED)  # noqa: S311 - a sample
    while True:
        first, second, kind = drawn.choice(names), drawn.choice(names), drawn.random()
        if kind < 0.35:
            yield " ".join([*first[: drawn.randint(1, 2)], *second[-drawn.randint(1, 2) :]])
        elif kind < 0.6:
            yield " ".join([*first[-2:], drawn.choice(["with", "for", "and"]), *second[-2:]])
        elif kind < 0.85:
            yield " ".join([drawn.choice(common[:15_000]), *second[-2:]])
        else:
            yield " ".join(drawn.sample(common[:18_000], drawn.randint(2, 3)))


def distilled(texts: Sequence[str], wanted: Matrix, words: Sequence[str], alone: Matrix) -> Matrix:
    """The vectors of words whose sums (over the root of how many they are) are nearest to `wanted`, without going far from what each is alone."""
    centre = wanted.mean(axis=0)
    spread, axes = np.linalg.eigh((wanted - centre).T @ (wanted - centre))
    axes = axes[:, np.argsort(-spread)[:DIMENSIONS]]
    wanted, alone = _unit((wanted - centre) @ axes), 0.8 * _unit((alone - centre) @ axes)
    numbers = {word: at for at, word in enumerate(words)}
    said = [known_words(_WORD.findall(text), numbers) for text in texts]
    rows = np.repeat(np.arange(len(said)), [len(own) for own in said])
    shares = np.concatenate([np.full(len(own), 1 / np.sqrt(len(own))) for own in said if own]).astype(np.float32)
    sums = csr_matrix((shares, (rows, np.concatenate(said).astype(np.int64))), shape=(len(texts), len(words)))
    vectors: Matrix = alone + least_squares(sums, wanted - sums @ alone, RIDGE, ROUNDS)
    return vectors


def _unit(vectors: Matrix) -> Matrix:
    scaled: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path)
    options = parser.parse_args()
    encode = Encoder(options.model, options.tokenizer)
    texts = sorted({text.lower()[:_CHARS] for text in known_texts() if _WORD.search(text.lower())})
    common = encode.whole_words()
    phrases = made_up([_WORD.findall(text) for text in texts], common)
    words = sorted({word for text in texts for word in _WORD.findall(text)} | set(common))
    texts = sorted({*texts, *(next(phrases) for _ in range(MADE_UP))})
    vectors = distilled(texts, encode(texts), words, encode(words))
    np.save(FOLDER / "words_en.npy", stored(vectors / np.quantile(np.abs(vectors), 0.9995)))
    (FOLDER / "words_en.txt").write_text("\n".join(words) + "\n", "utf-8")
    print(json.dumps({"texts": len(texts), "words": len(words), "dimensions": DIMENSIONS}))


if __name__ == "__main__":
    main()
