"""`make eval`: asks clause search every question of `knowledge/evaluation` and prints what it found; a run of all splits adds a line to the history.

On the index of ECID_HOME; questions that need imported data are left out where it lacks the decisions. Tune on `dev`, report `test` and `unseen`, which
whoever worked on the search has not read.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log2, nan
from pathlib import Path
from statistics import fmean
from typing import Any

from ecid.bootstrap import platform
from ecid.services.search_clauses import Clauses, Request

FOLDER = Path(__file__).parents[1] / "knowledge" / "evaluation"
QUESTIONS = (FOLDER / "questions.jsonl", FOLDER / "questions_unseen.jsonl")
HISTORY = FOLDER / "history.jsonl"
SPLITS = ("dev", "test", "unseen")
CODED = ("line", "term", "confusion")
SAMPLES, SEED = 1000, 7
Question = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one question: the places of the results that answer it (0-based), whether it was declined, and how long it took in milliseconds."""

    question: Question
    places: tuple[int, ...] = field(repr=False)
    declined: bool
    milliseconds: float

    @property
    def first(self) -> int | None:
        return self.places[0] if self.places else None


def answers(question: Question, result: dict[str, Any]) -> bool:
    """Whether a result answers: by its id, or by the code of a line, term or confusion; on the day asked about only what is in force."""
    by_code = result["kind"] in CODED and any(code.startswith(prefix) for code in result["codes"] for prefix in question["codes"])
    return (result["id"] in question["answers"] or by_code) and (question["as_of"] is None or result["in_force"])


def ask(clauses: Clauses, question: Question) -> Outcome:
    as_of = date.fromisoformat(question["as_of"]) if question["as_of"] else None
    begun = time.perf_counter()
    answer = clauses.search(Request(question["text"], as_of=as_of, lang=question["lang"]))
    taken = (time.perf_counter() - begun) * 1000
    places = tuple(place for place, result in enumerate(answer["results"]) if answers(question, result))
    return Outcome(question, places, answer["declined"], taken)


def measures(outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
    """Of each question what it adds to recall@5 and @10, nDCG@10 (one right answer is enough) and MRR."""
    firsts = [outcome.first for outcome in outcomes]
    return {
        "recall@5": [float(first is not None and first < 5) for first in firsts],
        "recall@10": [float(first is not None and first < 10) for first in firsts],
        "ndcg@10": [0.0 if first is None else 1 / log2(first + 2) for first in firsts],
        "mrr": [0.0 if first is None else 1 / (first + 1) for first in firsts],
    }


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with the bounds of its 95 % bootstrap interval."""
    if not values:
        return nan, nan, nan
    drawn = random.Random(SEED)  # noqa: S311 - a bootstrap
    means = sorted(fmean(drawn.choices(values, k=len(values))) for _ in range(SAMPLES))
    return fmean(values), means[int(SAMPLES * 0.025)], means[int(SAMPLES * 0.975)]


def told(figure: tuple[float, float, float]) -> str:
    return f"{figure[0]:.3f} ({figure[1]:.2f}–{figure[2]:.2f})"


def grouped(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """All, by language, by kind."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for name in ("all", outcome.question["lang"], outcome.question["kind"]):
            groups[name].append(outcome)
    return groups


def report(split: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Print the table of a split and give it back for the history: every figure with the bounds of its interval."""
    asked = [outcome for outcome in outcomes if outcome.question["kind"] != "unanswerable"]
    table = {name: {key: interval(values) for key, values in measures(group).items()} for name, group in grouped(asked).items()}
    print(
        f"\n{split}: {len(outcomes)} questions; in brackets 95 % bootstrap\n| | questions | recall@5 | recall@10 | nDCG@10 | MRR |\n|---|---|---|---|---|---|"
    )
    for name, row in table.items():
        print(f"| {name} | {len(grouped(asked)[name])} | {' | '.join(told(figure) for figure in row.values())} |")
    declined: dict[str, dict[str, tuple[float, float, float]]] = {}
    print("\n| | unanswerable | declined | answerable declined |\n|---|---|---|---|")
    for name in ("all", "zh", "en"):
        own = grouped(outcomes)[name]
        unanswerable, wrongly = (
            [float(outcome.declined) for outcome in own if (outcome.question["kind"] == "unanswerable") == is_so] for is_so in (True, False)
        )
        declined[name] = {"rightly": interval(unanswerable), "wrongly": interval(wrongly)}
        print(f"| {name} | {len(unanswerable)} | {told(declined[name]['rightly'])} | {told(declined[name]['wrongly'])} |")
    taken = sorted(outcome.milliseconds for outcome in outcomes)
    p50, p95 = (round(taken[int(len(taken) * share)], 1) for share in (0.5, 0.95))
    print(f"ms p50 {p50}, p95 {p95}")
    return {"figures": table, "declined": declined, "p50_ms": p50, "p95_ms": p95}


def main(splits: Sequence[str]) -> None:
    """Evaluate the splits named, or all."""
    clauses = platform().clauses
    contents = [path.read_bytes() for path in QUESTIONS]
    questions = [json.loads(line) for content in contents for line in content.decode().splitlines()]
    if not clauses.search(Request("归类决定", kind="decision"))["results"]:
        questions = [question for question in questions if question["needs"] == "pack"]
    asked = [question for question in questions if question["split"] in (splits or SPLITS)]
    hashes = {path.name: hashlib.sha256(content).hexdigest() for path, content in zip(QUESTIONS, contents, strict=True)}
    entry: dict[str, Any] = {"at": platform().now().isoformat(timespec="seconds"), "questions_sha256": hashes}
    entry |= {"knowledge": clauses.versions["knowledge"], "embedder": clauses.versions["embedder"], "asked": len(asked)}
    print("\n".join(f"{name} {digest}" for name, digest in hashes.items()), f"knowledge {entry['knowledge']}", sep="\n")
    for split in splits or SPLITS:
        entry[split] = report(split, [ask(clauses, question) for question in asked if question["split"] == split])
    if not splits:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(json.dumps(entry, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
