"""`make eval`: asks clause search every question of `knowledge/evaluation` and prints what it found; a line a run is added to the history.

On the index of ECID_HOME; questions that need imported data are left out where it lacks the decisions. Tune on `dev`, report `test`.
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
from math import log2
from pathlib import Path
from statistics import fmean
from typing import Any

from ecid.bootstrap import platform
from ecid.services.search_clauses import Clauses, Request

FOLDER = Path(__file__).parents[1] / "knowledge" / "evaluation"
QUESTIONS, HISTORY = FOLDER / "questions.jsonl", FOLDER / "history.jsonl"
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


def recall(outcomes: Sequence[Outcome], depth: int) -> float:
    return fmean(outcome.first is not None and outcome.first < depth for outcome in outcomes)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Recall@5 and @10, nDCG@10 (one right answer is enough), MRR, and the bounds of a 95 % bootstrap interval of recall@10."""
    drawn = random.Random(SEED)  # noqa: S311 - a bootstrap
    hits = [outcome.first is not None for outcome in outcomes]
    means = sorted(fmean(drawn.choices(hits, k=len(hits))) for _ in range(SAMPLES))
    return {
        "questions": len(outcomes),
        "recall@5": recall(outcomes, 5),
        "recall@10": recall(outcomes, 10),
        "low": means[int(SAMPLES * 0.025)],
        "high": means[int(SAMPLES * 0.975)],
        "ndcg@10": fmean(0.0 if outcome.first is None else 1 / log2(outcome.first + 2) for outcome in outcomes),
        "mrr": fmean(0.0 if outcome.first is None else 1 / (outcome.first + 1) for outcome in outcomes),
    }


def grouped(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """All, by language, by kind."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for name in ("all", outcome.question["lang"], outcome.question["kind"]):
            groups[name].append(outcome)
    return groups


def report(split: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Print the table of a split and give it back for the history."""
    asked = [outcome for outcome in outcomes if outcome.question["kind"] != "unanswerable"]
    unanswerable = [outcome for outcome in outcomes if outcome.question["kind"] == "unanswerable"]
    table = {name: figures(group) for name, group in grouped(asked).items()}
    print(f"\n{split}: {len(outcomes)} questions\n| | questions | recall@5 | recall@10 (95 %) | nDCG@10 | MRR |\n|---|---|---|---|---|---|")
    for name, row in table.items():
        bounds = f"{row['recall@10']:.3f} ({row['low']:.2f}–{row['high']:.2f})"
        print(f"| {name} | {row['questions']} | {row['recall@5']:.3f} | {bounds} | {row['ndcg@10']:.3f} | {row['mrr']:.3f} |")
    declined = fmean(outcome.declined for outcome in unanswerable)
    wrongly = fmean(outcome.declined for outcome in asked)
    taken = sorted(outcome.milliseconds for outcome in outcomes)
    p50, p95 = (round(taken[int(len(taken) * share)], 1) for share in (0.5, 0.95))
    print(f"unanswerable declined {declined:.3f}, answerable declined {wrongly:.3f}; ms p50 {p50}, p95 {p95}")
    return {"figures": table, "declined": declined, "wrongly_declined": wrongly, "p50_ms": p50, "p95_ms": p95}


def main(splits: Sequence[str]) -> None:
    """Evaluate the splits named, or both."""
    clauses = platform().clauses
    content = QUESTIONS.read_bytes()
    questions = [json.loads(line) for line in content.decode().splitlines()]
    if not clauses.search(Request("归类决定", kind="decision"))["results"]:
        questions = [question for question in questions if question["needs"] == "pack"]
    outcomes = [ask(clauses, question) for question in questions]
    entry: dict[str, Any] = {"at": platform().now().isoformat(timespec="seconds"), "questions_sha256": hashlib.sha256(content).hexdigest()}
    entry |= {"knowledge": clauses.versions["knowledge"], "embedder": clauses.versions["embedder"], "asked": len(questions)}
    for split in splits or ("dev", "test"):
        entry[split] = report(split, [outcome for outcome in outcomes if outcome.question["split"] == split])
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps(entry, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
