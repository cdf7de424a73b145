"""Fits the weights by which the planner tells what is asked (`intent_weights.npz`) to phrasings; with `--measure`, prints how well it does on a fifth left out.

The phrasings are the examples of the planner's intents (`ecid/assistant/planner/intents/*.toml`) and the lines of `tools/intents/*.tsv`: language, role, the
intents of the turn before (`-`: none), intents, text. All are our own, written without a look at the evaluation sets. The same phrasings give the same weights.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from ecid.assistant.planner.classifier import MODEL, Classifier, tokens, weighed
from ecid.assistant.planner.features import features_of
from ecid.assistant.planner.records import intents

FOLDER = Path(__file__).parent / "intents"
TARGET = Path(__file__).parents[1] / "layers/core/python/ecid/assistant/planner" / MODEL
LATER = {"draft_ruling", "website_check", "watches"}
"""Of capabilities that are not there yet: their lines wait for them."""
SEED, FOLDS, STRENGTH, LEAST, OWN = 7, 5, 30.0, 2, 1.0


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A text with what it asks for; `role` "" and `before` empty where they are not told."""

    text: str
    wanted: tuple[str, ...]
    role: str = ""
    before: tuple[str, ...] = ()
    weight: float = 1.0


def phrasings() -> list[Phrasing]:
    """All that there are. Raises ValueError for a line that is not as it should be."""
    known = intents()
    found = [Phrasing(text, (name,), weight=OWN) for name, intent in known.items() for lang in ("zh", "en") for text in intent.examples[lang]]
    for path in sorted(FOLDER.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            cells = line.split("\t")
            if len(cells) != 5:
                raise ValueError(f"{path.name}:{number}: five cells are wanted")
            names = [tuple(one.strip() for one in cell.split(",")) for cell in cells[2:4]]
            before = () if cells[2] == "-" else tuple(one for one in names[0] if one in known)
            unknown = [one for one in names[1] if one not in known]
            if set(unknown) & LATER:
                continue
            if unknown:
                raise ValueError(f"{path.name}:{number}: no such intent: {unknown[0]}")
            found.append(Phrasing(cells[4], names[1], cells[1], before))
    return found


def fitted(given: Sequence[Phrasing]) -> Classifier:
    """The classifier of these phrasings."""
    counted = [tokens(features_of(one.text).masked, one.role, one.before) for one in given]
    seen = Counter(token for one in counted for token in one)
    idf = {token: math.log((1 + len(counted)) / (1 + count)) + 1 for token, count in sorted(seen.items()) if count >= LEAST}
    places = {token: place for place, token in enumerate(idf)}
    names = [name for name in intents() if any(name in one.wanted for one in given)]
    rows: list[list[tuple[str, float]]] = []
    labels: list[int] = []
    shares: list[float] = []
    for one, features in zip(given, counted, strict=True):
        for name in one.wanted:
            rows.append(weighed(features, idf))
            labels.append(names.index(name))
            shares.append(one.weight / len(one.wanted))
    ends = np.cumsum([0, *(len(row) for row in rows)])
    matrix = csr_matrix(([weight for row in rows for _, weight in row], [places[token] for row in rows for token, _ in row], ends), (len(rows), len(places)))
    model = LogisticRegression(C=STRENGTH, max_iter=400, tol=1e-5).fit(matrix, labels, shares)
    return Classifier(names, idf, np.vstack([model.coef_.T, model.intercept_]).astype(np.float32))


def stored(model: Classifier) -> dict[str, np.ndarray]:
    """The model as arrays: weights as bytes with one scale for each intent."""
    scale = np.abs(model.weights).max(axis=0, keepdims=True) / 32_000
    return {
        "names": np.array("\n".join(model.names)),
        "tokens": np.array("\n".join(model.idf)),
        "idf": np.array(list(model.idf.values()), np.float32),
        "weights": np.round(model.weights / scale).astype(np.int16),
        "scale": scale.astype(np.float32),
    }


def measure(given: Sequence[Phrasing]) -> None:
    """Print the share whose first intent is right, fold by fold left out."""
    order = list(given)
    random.Random(SEED).shuffle(order)  # noqa: S311 - a split that is the same every time
    right: dict[str, list[bool]] = defaultdict(list)
    wrong: Counter[tuple[str, str]] = Counter()
    for fold in range(FOLDS):
        model = fitted([one for place, one in enumerate(order) if place % FOLDS != fold])
        for one in order[fold::FOLDS]:
            guess = model.guesses(features_of(one.text).masked, one.role, one.before)[0]
            right[one.wanted[0]].append(guess.intent in one.wanted)
            right["all"].append(guess.intent in one.wanted)
            right["follow-ups" if one.before else "first questions"].append(guess.intent in one.wanted)
            if guess.intent not in one.wanted:
                wrong[one.wanted[0], guess.intent] += 1
    for name, those in sorted(right.items(), key=lambda item: sum(item[1]) / len(item[1])):
        print(f"{name:24} {len(those):6} {sum(those) / len(those):.3f}")
    for (wanted, got), count in wrong.most_common(25):
        print(f"{count:4} {wanted} read as {got}")


def main() -> None:
    """Fit, and write or measure."""
    given = phrasings()
    print(f"{len(given)} phrasings")
    if "--measure" in sys.argv:
        measure(given)
        return
    np.savez_compressed(TARGET, **stored(fitted(given)))  # type: ignore[arg-type]
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
