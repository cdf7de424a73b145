"""Ask the assistant the questions of knowledge/evaluation/assistant.jsonl, and measure its answers (docs/assistant-evaluation.md).

    python tools/evaluate_assistant.py [--json] [--set FILE …] [--only ID …] [--check] [--write]

On the samples of ECID_HOME, which are taken in where they are not there, each conversation asked in the order of its turns. What an answer must contain is
resolved by asking the use cases, so it follows the samples. Of a set named `…_unseen` only totals are told, so that nobody works towards its questions.
`--check` asks nothing: it only resolves every fact. `--write` puts the figures into the page. Exit status 1 where a set does not hold with the samples.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import secrets
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import Any

from assistant_facts import AskedBy, Fact, Sources, UnknownFact, expand, resolve, shows

from ecid.assistant.caller import LEDGER, Caller
from ecid.bootstrap import LocalPlatform, Platform, feed_samples, platform
from ecid.errors import EcidError, Language, NotFound
from ecid.knowledge.records import KINDS

ROOT = Path(__file__).parents[1]
SET = ROOT / "knowledge" / "evaluation" / "assistant.jsonl"
PAGE = ROOT / "docs" / "assistant-evaluation.md"
MEASURED = "## Measured"
_A_SAMPLE = "harborlight.example"
EITHER = "either"
"""Of `refuses`: answering and refusing are both right; what must not be said counts."""
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SHORTEST_CODE = 4
Question = Mapping[str, Any]
Converse = Callable[[Caller, str, str, Language, str | None], Iterator[Any]]
"""`Platform.converse`: caller, conversation, question, language, the domain that a buyer looks at → events with `name` and `data`."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An answer as it reached the person who asked. `intents`, `refused` and `results` (what tools answered, as JSON) are None where it does not tell."""

    text: str
    citations: tuple[Mapping[str, Any], ...] = ()
    intents: tuple[str, ...] | None = None
    refused: str | None = None
    results: tuple[Any, ...] | None = None
    milliseconds: float = 0.0
    failed: str | None = None


@dataclass
class Judged:
    """What was right and wrong in an answer; `None`: not to be told, or not asked for."""

    question: Question
    observed: Observed
    intent: bool | None = None
    facts: dict[str, bool] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    invented: list[str] | None = None
    citations: list[bool] = field(default_factory=list)
    cited: dict[str, bool] = field(default_factory=dict)
    refusal: bool | None = None


def ask(converse: Converse, asked: Platform, question: Question, person: str) -> Observed:
    """One question, asked as its caller. The only place that knows how the assistant is called."""
    by = _asked_by(question)
    uscc = Sources(asked, by.enterprise, question["lang"]).uscc if by.enterprise else None
    if uscc is None:
        caller = Caller.buyer(person)
    else:
        caller = Caller.consultant(person, uscc, frozenset({LEDGER})) if by.role == "consultant" else Caller.supplier(person, uscc)
    begun = time.perf_counter()
    events = list(converse(caller, person, question["question"], question["lang"], by.domain))
    taken = (time.perf_counter() - begun) * 1000
    done: Mapping[str, Any] = next((event.data for event in events if event.name == "done"), {})
    return Observed(
        text=str(done.get("text", "")),
        citations=tuple(event.data for event in events if event.name == "citation"),
        intents=tuple(done["intents"]) if "intents" in done else None,
        refused=done.get("refused"),
        results=tuple(done["results"]) if "results" in done else None,
        milliseconds=taken,
        failed=next((str(event.data) for event in events if event.name == "error"), None),
    )


def numbers(text: str) -> set[str]:
    """The numbers in a text, whatever their width: thousands without commas, no leading noughts; codes with the dots that they are written with."""
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
    return {number.lstrip("0") or "0" for number in _NUMBER.findall(plain)}


def invented(text: str, known: Iterable[str]) -> list[str]:
    """Numbers in a text that are in none of the known ones, with or without dots; the beginning of a known code is known."""
    told = set().union(*(numbers(one) for one in known))
    codes = [joined for joined in (number.replace(".", "") for number in told) if len(joined) > _SHORTEST_CODE]
    return sorted(number for number in numbers(text) if number not in told and not _begins(number.replace(".", ""), codes))


def _begins(number: str, codes: Sequence[str]) -> bool:
    return len(number) >= _SHORTEST_CODE and any(code.startswith(number) for code in codes)


def intent_right(wanted: Sequence[str], told: Sequence[str] | None) -> bool | None:
    """Whether the intents told are those wanted, each by one of its names (`a|b`), in any order, and no others."""
    if told is None:
        return None
    accepted = [set(one.split("|")) for one in wanted]
    return all(names & set(told) for names in accepted) and set(told) <= set().union(*accepted)


def refusal_right(wanted: str | None, observed: Observed) -> bool | None:
    """Whether it refused where it should, for one of the reasons wanted, and only there."""
    if wanted == EITHER:
        return None
    return observed.refused in wanted.split("|") if wanted else observed.refused is None


def citation_sound(cited: Mapping[str, Any], record: Mapping[str, Any] | None, asked: Iterable[str] = ()) -> bool:
    """Whether what is cited is on record, with these days, words of its own, and said to have lapsed where it has: by now, or on one of the days that tools
    were asked about (ISO)."""
    if record is None:
        return False
    quote = str(cited.get("quote") or "")
    words_of_it = "\n".join([*record["texts"].values(), *record["titles"].values(), json.dumps(record["facts"], ensure_ascii=False)])
    days = all(cited.get(name, record[name]) == record[name] for name in ("valid_from", "valid_to"))
    in_force = record["in_force"] or any((record["valid_from"] or "") <= day <= (record["valid_to"] or day) for day in asked)
    return days and quote.rstrip("…") in words_of_it and (in_force or bool(cited.get("lapsed")))


def found_among(wanted: str, cited: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> bool:
    """Whether a record, or one of a kind, is among the citations (`a|b`: one of them)."""
    return any(name in (str(one["id"]), kinds.get(str(one["id"]))) for name in wanted.split("|") for one in cited)


@dataclass
class Judge:
    """Judges answers against what the use cases say; keeps what a conversation has been told so far."""

    asked: Platform
    _sources: dict[tuple[str | None, str], Sources] = field(default_factory=dict)
    _told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def accepted(self, question: Question, fact: Fact) -> list[str]:
        by = _asked_by(question)
        key = (by.enterprise, question["lang"])
        sources = self._sources.setdefault(key, Sources(self.asked, by.enterprise, question["lang"]))
        return resolve(fact, self.asked, by, question["lang"], sources)

    def facts(self, question: Question) -> Iterator[tuple[str, list[str]]]:
        """Every fact that is asked for, by a name, with the strings of which one must be shown."""
        for whole in question["facts"]:
            for fact in expand(whole, self.asked, question["lang"]):
                yield json.dumps(fact, ensure_ascii=False), self.accepted(question, fact)

    def forbidden(self, question: Question) -> Iterator[str]:
        for one in question["must_not"]:
            yield from [one] if isinstance(one, str) else self.accepted(question, one)

    def record(self, name: str, lang: Any) -> Mapping[str, Any] | None:
        try:
            return self.asked.clauses.get(name, lang)
        except NotFound:
            return None

    def resolved(self, question: Question) -> None:
        """Raises UnknownFact or EcidError for what a question names and the samples, or the records, do not hold."""
        named = [name for wanted in question["cites"] for name in wanted.split("|") if name not in KINDS]
        gone = [name for name in named if self.record(name, question["lang"]) is None]
        if gone:
            raise UnknownFact(", ".join(gone))
        for _ in (*self.facts(question), *self.forbidden(question)):
            pass

    def judge(self, question: Question, observed: Observed) -> Judged:
        judged = Judged(question, observed, intent_right(question["intents"], observed.intents))
        judged.facts = {name: shows(observed.text, accepted) for name, accepted in self.facts(question)}
        judged.said = [one for one in self.forbidden(question) if shows(observed.text, [one])]
        records = {str(one["id"]): self.record(str(one["id"]), question["lang"]) for one in observed.citations}
        asked = {str(one["arguments"].get("as_of") or "") for one in observed.results or () if isinstance(one, Mapping)} - {""}
        judged.citations = [citation_sound(one, records[str(one["id"])], asked) for one in observed.citations]
        kinds = {name: str(record["kind"]) for name, record in records.items() if record}
        judged.cited = {wanted: found_among(wanted, observed.citations, kinds) for wanted in question["cites"]}
        judged.refusal = refusal_right(question["refuses"], observed)
        if observed.results is not None:
            told = self._told[question["conversation"]]
            told += [json.dumps(one, ensure_ascii=False) for one in observed.results]
            judged.invented = invented(observed.text, [*told, *(json.dumps(record, ensure_ascii=False) for record in records.values() if record)])
        return judged


def _asked_by(question: Question) -> AskedBy:
    return AskedBy(question["caller"]["role"], question["caller"].get("enterprise"), question["caller"].get("domain"))


def share(values: Iterable[bool]) -> float | None:
    known = [float(value) for value in values]
    return round(fmean(known), 4) if known else None


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures of some answers. Shares are 0 to 1; None where nothing could be told."""
    told = [one for one in judged if one.invented is not None]
    taken = sorted(one.observed.milliseconds for one in judged)
    return {
        "questions": len(judged),
        "intent_accuracy": share(one.intent for one in judged if one.intent is not None),
        "fact_recall": share(shown for one in judged for shown in one.facts.values()),
        "said_what_must_not": sum(bool(one.said) for one in judged),
        "invented_figures": sum(len(one.invented or []) for one in told) if told else None,
        "citation_precision": share(sound for one in judged for sound in one.citations),
        "citations_found": share(found for one in judged for found in one.cited.values()),
        "refusal_accuracy": share(one.refusal for one in judged if one.refusal is not None),
        "failed": sum(one.observed.failed is not None for one in judged),
        "p95_ms": round(taken[ceil(len(taken) * 0.95) - 1], 1) if taken else None,
    }


def grouped(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """All, by language, by role, by kind."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        for name in ("all", one.question["lang"], one.question["caller"]["role"], one.question["kind"]):
            groups[name].append(one)
    return groups


def misses(one: Judged) -> dict[str, Any] | None:
    """What was wrong in an answer, or None."""
    wrong: dict[str, Any] = {
        "intents": list(one.observed.intents or ()) if one.intent is False else None,
        "facts": [name for name, shown in one.facts.items() if not shown],
        "said": one.said,
        "invented": one.invented,
        "unsound_citations": one.citations.count(False),
        "not_cited": [name for name, found in one.cited.items() if not found],
        "refused": (one.observed.refused or "answered") if one.refusal is False else None,
        "failed": one.observed.failed,
    }
    kept = {name: value for name, value in wrong.items() if value}
    return {"id": one.question["id"], "question": one.question["question"], **kept} if kept else None


def load(path: Path, only: Sequence[str] = ()) -> list[Question]:
    """The questions, whole conversations where some are named, without those of capabilities that come later."""
    questions: list[Question] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    wanted = {one["conversation"] for one in questions if one["id"] in only}
    return [one for one in questions if not one.get("later") and (not only or one["conversation"] in wanted)]


def check(asked: Platform, questions: Sequence[Question]) -> int:
    """Resolve everything that is named, and print what cannot be. Gives the exit status."""
    judge, wrong = Judge(asked), 0
    for question in questions:
        try:
            judge.resolved(question)
        except (UnknownFact, EcidError) as error:
            wrong += 1
            print(f"{question['id']}: {error}")
    print(f"{len(questions)} questions, {wrong} do not hold with the samples")
    return 1 if wrong else 0


def is_blind(path: Path) -> bool:
    """Whether nobody who works on the assistant may read its questions."""
    return path.stem.endswith("_unseen")


def table(judged: Sequence[Judged], *, blind: bool) -> str:
    """The figures as a table in Markdown: all, and by language, role and kind; of a blind set all and by language."""
    rows = {name: figures(group) for name, group in grouped(judged).items() if not blind or name in ("all", "zh", "en")}
    lines = [f"| | {' | '.join(f'`{name}`' for name in rows['all'])} |", f"|---|{'---|' * len(rows['all'])}"]
    lines += [f"| {name} | {' | '.join('not told' if value is None else str(value) for value in row.values())} |" for name, row in rows.items()]
    return "\n".join(lines)


def measured(told: Mapping[Path, Sequence[Judged]], day: str) -> str:
    """The last section of the page."""
    parts = [
        f"""`{path.relative_to(ROOT).as_posix()}`, sha256 `{hashlib.sha256(path.read_bytes()).hexdigest()}`:

{table(judged, blind=is_blind(path))}"""
        for path, judged in told.items()
    ]
    return "\n\n".join([f"{MEASURED}\n\nBy `make eval` on {day}, with the planner, on the sample enterprises and the pack alone; do not edit.", *parts]) + "\n"


def write(section: str) -> None:
    """Put the section in the place of that of the last run."""
    kept = PAGE.read_text("utf-8").partition(f"\n{MEASURED}\n")[0].rstrip("\n")
    PAGE.write_text(f"{kept}\n\n{section}", "utf-8")


def asked_all(asked: Platform, converse: Converse, questions: Sequence[Question]) -> list[Judged]:
    """Every question asked and judged, in conversations of their own."""
    judge, run = Judge(asked), secrets.token_hex(4)
    return [judge.judge(question, ask(converse, asked, question, f"evaluation-{run}-{question['conversation']}")) for question in questions]


def ready(asked: Platform) -> None:
    """Make the index and take in the samples where they are not there."""
    if not asked.has_index():
        asked.make_index()
    if isinstance(asked, LocalPlatform) and asked.verification().verify(_A_SAMPLE).enterprise is None:
        feed_samples(asked)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, nargs="+", default=[SET])
    parser.add_argument("--only", nargs="+", default=(), metavar="ID")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    asked = platform()
    ready(asked)
    try:
        sets = {path.resolve(): load(path, given.only) for path in given.set}
        if given.check:
            return max(check(asked, questions) for questions in sets.values())
        told = {path: asked_all(asked, asked.converse, questions) for path, questions in sets.items()}
    finally:
        if isinstance(asked, LocalPlatform):
            asked.close()
    wrong = {path: [] if is_blind(path) else [one for one in map(misses, judged) if one] for path, judged in told.items()}
    if given.json:
        shown = {
            path.name: {"figures": {name: figures(group) for name, group in grouped(judged).items()}, "misses": wrong[path]} for path, judged in told.items()
        }
        print(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        for path, judged in told.items():
            print(f"{path.name}\n\n{table(judged, blind=is_blind(path))}\n")
            for one in wrong[path]:
                print(json.dumps(one, ensure_ascii=False))
    if given.write:
        write(measured(told, asked.today().isoformat()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
