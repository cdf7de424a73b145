"""Makes the weights by which clause search declines (`scope_model.json`) from the examples in `tools/scope`; with `--measure`, prints how well it does on some
that were left out.

A file a topic that the sources do not hold, and `held.txt` for what they do: a line a question; `words:` a list of words; `{goods}` and `{country}` stand for
some of those in `goods.txt` and `country.txt`. Names and sentences of the records count as held, little each. Run it on an index of everything
(ECID_HOME), after `ecid knowledge build`. The same index and examples give the same weights.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from ecid.bootstrap import platform
from ecid.errors import Language
from ecid.knowledge.retrieval.index_files import IndexFiles
from ecid.knowledge.retrieval.passages import LANGUAGES
from ecid.knowledge.retrieval.policy import load_policy, out_of_scope
from ecid.knowledge.retrieval.query import understand
from ecid.knowledge.retrieval.scope import MODEL, Evidence, Numbers, marks, packed
from ecid.knowledge.retrieval.search import ClauseSearch
from ecid.knowledge.retrieval.text import language_of
from ecid.knowledge.retrieval.wordings import ASKED

FOLDER = Path(__file__).parent / "scope"
TARGET = Path(__file__).parents[1] / "layers/core/python/ecid/knowledge/retrieval" / MODEL
HELD, LISTS = "held", ("goods", "country")
SEED, FOLDS, PER_TEMPLATE, PER_NAME, TERMS = 7, 4, 8, 40, 1500
WEIGHT = {"question": 1.0, "word": 0.7, "template": 0.12, "name": 0.3, "asked": 0.7, "title": 0.3, "sentence": 0.08, "term": 0.15}
SHARPNESS = 30.0
RARE = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the topic it is about; `line` is where it stands, for all that come from one template; empty for what is never held out."""

    text: str
    topic: str
    kind: str
    line: str = ""

    @property
    def weight(self) -> float:
        return WEIGHT[self.kind]


class Fitted:
    """A regression over marks: `held` against not, or one topic against the others."""

    def __init__(self, examples: Sequence[Example], targets: Sequence[object]) -> None:
        counts = Counter(mark for example in examples for mark in marks(example.text))
        self.numbers = {mark: number for number, mark in enumerate(sorted(mark for mark, count in counts.items() if count >= RARE))}
        solver = "liblinear" if len(set(targets)) == 2 else "lbfgs"
        self.model = LogisticRegression(C=SHARPNESS, max_iter=400, tol=1e-3, solver=solver, random_state=SEED)
        self.model.fit(self.matrix([example.text for example in examples]), targets, sample_weight=[example.weight for example in examples])

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        columns: list[int] = []
        values: list[float] = []
        starts = [0]
        for text in texts:
            found = marks(text)
            known = [self.numbers[mark] for mark in found if mark in self.numbers]
            columns += known
            values += [1 / max(1, len(found)) ** 0.5] * len(known)
            starts.append(len(columns))
        return csr_matrix((values, columns, starts), shape=(len(texts), len(self.numbers)))

    def logits(self, texts: Sequence[str]) -> list[float]:
        return [float(logit) for logit in self.model.decision_function(self.matrix(texts))]


def examples() -> Iterator[Example]:
    """What stands in the files of `tools/scope`."""
    drawn = random.Random(SEED)  # noqa: S311 - a sample
    lists = {name: [line for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines() if line] for name in LISTS}
    by_language = {(name, lang): [line for line in lines if language_of(line) == lang] for name, lines in lists.items() for lang in LANGUAGES}
    for path in sorted(path for path in FOLDER.glob("*.txt") if path.stem not in LISTS):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            place = f"{path.stem}:{number}"
            if line.startswith("words:"):
                yield from (Example(word.strip(), path.stem, "word") for word in line.removeprefix("words:").split(","))
            elif "{" in line:
                bare = line == "{goods}"
                for lang in LANGUAGES if bare else (_language(line),):
                    for _ in range(PER_NAME if bare else PER_TEMPLATE):
                        text = re.sub(r"\{(\w+)\}", lambda found, lang=lang: drawn.choice(by_language[found[1], lang]), line)  # type: ignore[misc]
                        yield Example(text, path.stem, "name" if bare else "template", place)
            elif line and not line.startswith("#"):
                yield Example(line, path.stem, "question", place)


def _language(template: str) -> Language:
    plain = re.sub(r"\{\w+\}", "", template)
    return language_of(plain) if plain.strip() else "en"


def of_records(index: IndexFiles) -> Iterator[Example]:
    """Titles and sentences of the rules, and some names of goods: what the records hold is answered."""
    names: dict[Language, set[str]] = {lang: set() for lang in LANGUAGES}
    for record in (index.record(number) for number in range(len(index.table))):
        if record.id.startswith("us-") or record.kind == "line":
            continue
        for lang in LANGUAGES:
            title = record.title.get(lang, "")
            yield from (Example(asked, HELD, "asked") for asked in record.facts.get(ASKED, {}).get(lang, ()))
            if record.kind == "term":
                names[lang].add(title)
                continue
            yield from [Example(title, HELD, "title")] if title else []
            for sentence in re.split(r"[。；;\n]|(?<=[a-z])\. ", record.text.get(lang, "")):
                if 6 < len(sentence.strip()) < 160:
                    yield Example(sentence.strip(), HELD, "sentence")
    drawn = random.Random(SEED)  # noqa: S311 - a sample
    for lang in LANGUAGES:
        yield from (Example(name, HELD, "term") for name in drawn.sample(sorted(names[lang] - {""}), min(TERMS, len(names[lang] - {""}))))


class Decider:
    """Both regressions in a row: the second learns from logits of the first on examples that it had not seen."""

    def __init__(self, given: Sequence[Example], evidence: dict[str, Evidence]) -> None:
        fold = folds(given)
        rows: dict[Language, list[list[float]]] = {lang: [] for lang in LANGUAGES}
        targets: dict[Language, list[bool]] = {lang: [] for lang in LANGUAGES}
        for number in range(FOLDS):
            words = Fitted(*_parted([example for example in given if fold.get(example.line) != number]))
            left_out = [example for example in given if example.kind == "question" and fold[example.line] == number]
            for example, logit in zip(left_out, words.logits([example.text for example in left_out]), strict=True):
                rows[language_of(example.text)].append(evidence[example.text].row(logit))
                targets[language_of(example.text)].append(example.topic == HELD)
        self.words = Fitted(*_parted(given))
        self.decision = {lang: _weights(rows[lang], targets[lang]) for lang in LANGUAGES}

    def answered(self, texts: Sequence[str], evidence: dict[str, Evidence]) -> list[float]:
        found = []
        for text, logit in zip(texts, self.words.logits(texts), strict=True):
            *weights, constant = self.decision[language_of(text)]
            found.append(float(1 / (1 + np.exp(-np.dot(weights, evidence[text].row(logit)) - constant))))
        return found


def _parted(given: Sequence[Example]) -> tuple[Sequence[Example], list[bool]]:
    return given, [example.topic == HELD for example in given]


def _weights(rows: Sequence[Sequence[float]], targets: Sequence[bool]) -> list[float]:
    model = LogisticRegression(max_iter=1000, random_state=SEED).fit(np.array(rows), targets)
    return [round(float(weight), 4) for weight in [*model.coef_[0], model.intercept_[0]]]


def folds(given: Iterable[Example], salt: int = 0) -> dict[str, int]:
    """The part that each line is in; all examples of a template are in one."""
    lines = sorted({example.line for example in given if example.line})
    random.Random(SEED + salt).shuffle(lines)  # noqa: S311 - a split
    return {line: number % FOLDS for number, line in enumerate(lines)}


def left_out(given: Sequence[Example], evidence: dict[str, Evidence]) -> None:
    """Print what is declined of questions that were left out, by fold and by whole topics."""
    fold = folds(given, 1)
    topics = sorted({example.topic for example in given} - {HELD})
    by_fold: list[tuple[Example, float]] = []
    by_topic: list[tuple[Example, float]] = []
    for number in range(FOLDS):
        tested = [example for example in given if example.kind == "question" and fold[example.line] == number]
        decider = Decider([example for example in given if fold.get(example.line) != number], evidence)
        by_fold += zip(tested, decider.answered([example.text for example in tested], evidence), strict=True)
    for topic in topics:
        tested = [example for example in given if example.kind == "question" and example.topic == topic]
        decider = Decider([example for example in given if example.topic != topic], evidence)
        by_topic += zip(tested, decider.answered([example.text for example in tested], evidence), strict=True)
    for lang in LANGUAGES:
        below, sure = load_policy().decline[lang], load_policy().decline["sure"]
        own = [(example, share) for example, share in by_fold if language_of(example.text) == lang]
        not_held, held = ([(example, share) for example, share in own if (example.topic == HELD) is which] for which in (False, True))
        missing = [share for example, share in by_topic if language_of(example.text) == lang]

        def declined(pairs: Sequence[tuple[Example, float]], below: float = below, sure: float = sure) -> str:
            return f"{np.mean([share < below or (share < sure and out_of_scope(example.text) is not None) for example, share in pairs]):.3f}"

        print(
            f"| {lang} | {len(not_held)} | {np.mean([share < below for _, share in not_held]):.3f} | {declined(not_held)} "
            f"| {np.mean([share < below for share in missing]):.3f} | {len(held)} | {np.mean([share < below for _, share in held]):.3f} | {declined(held)} |"
        )


def main() -> None:
    """Fit, say how it does on what was left out (with `--measure`), write."""
    index = IndexFiles(platform().settings.home / "index")
    own = list(examples())
    search = ClauseSearch(index.table, index.words, index.embedder, None, load_policy())
    evidence = {
        text: search.evidence(understand(text, index.table.headings)) for text in sorted({example.text for example in own if example.kind == "question"})
    }
    given = [*own, *of_records(index)]
    if "--measure" in sys.argv:
        left_out(given, evidence)
    decider = Decider(given, evidence)
    unheld = [example for example in own if example.topic != HELD]
    topic = Fitted(unheld, [example.topic for example in unheld])
    weights: Numbers = np.asarray(decider.words.model.coef_[0], dtype=np.float32)
    kept = sorted(mark for mark, number in decider.words.numbers.items() if abs(weights[number]) > 0.05 or mark in topic.numbers)
    rows = np.zeros((len(topic.model.classes_), len(kept)), dtype=np.float32)
    for number, mark in enumerate(kept):
        if mark in topic.numbers:
            rows[:, number] = topic.model.coef_[:, topic.numbers[mark]]
    model = {
        "marks": "\n".join(kept),
        "held": packed([np.array([weights[decider.words.numbers[mark]] for mark in kept], dtype=np.float32)]),
        "held_constant": round(float(decider.words.model.intercept_[0]), 4),
        "topics": [str(name) for name in topic.model.classes_],
        "of_topics": packed(rows),
        "topic_constants": [round(float(constant), 4) for constant in topic.model.intercept_],
        "decision": decider.decision,
    }
    TARGET.write_text(json.dumps(model, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(own)} examples, {len(given) - len(own)} texts of records, {len(kept)} marks, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
