"""Read a question: what is wanted, of what, in which language, given what was asked before (docs/assistant.md).

The same question in the same conversation is always read alike. What is not understood is not guessed: the question is asked back, with questions that
this caller could ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.planner.classifier import Guess, best, classifier, concepts_in
from ecid.assistant.planner.features import MASKS, Features, features_of
from ecid.assistant.planner.memory import Asked, Memory
from ecid.assistant.planner.records import followups, intents, stepwords
from ecid.errors import Language

MOST_INTENTS = 3
_STRONG = 0.5
"""A score from which a part of a question counts beside others."""
_TALK = {"help", "greeting", "thanks"}
_ENDS = {"injection", "secrets"}
"""Where these are found nothing else of the question is answered: whatever comes with it is part of the attempt."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What reading goes by."""

    named: Features
    memory: Memory
    caller: Caller
    lang: Language


def read(question: str, memory: Memory, caller: Caller, lang: Language) -> Asked:
    """Read a question. `lang` is that of the conversation, for questions without words of a language."""
    named = features_of(question)
    turn = _Turn(named, memory, caller, named.asked_lang or named.lang or memory.lang or lang)
    again = _once_more(turn)
    if again:
        return again
    alone = _alone(turn)
    if alone:
        return _completed(turn, alone, follows=bool(memory.intents))
    found, near = _intents(named)
    if found:
        return _completed(turn, found, follows=False)
    short = _goods_alone(turn)
    if short:
        return short
    stated = "why_score" if named.claimed is not None else "aeo_meaning" if named.claimed_aeo else None
    if stated:
        return _completed(turn, (stated,), follows=False)
    if _elsewhere(named):
        return _completed(turn, ("off_topic",), follows=False)
    return Asked(turn.lang, suggested=_offered(near, caller), topic=named.text)


def _elsewhere(named: Features) -> bool:
    """Whether a question of some length has nothing to do with anything here."""
    data = followups()
    chinese, latin = len(re.findall("[\u3400-\u9fff]", named.masked)), len(re.findall("[a-z]{2,}", named.masked))
    return (chinese >= data["long"]["zh"] or latin >= data["long"]["en"]) and not set(concepts_in(named.masked)) & set(data["topical"])


def _once_more(turn: _Turn) -> Asked | None:
    """Questions that mean the last one: in another language, more of it, why, the next."""
    text, memory, data = turn.named.text, turn.memory, followups()
    if not memory.intents:
        return None
    if turn.named.asked_lang and re.search(data["language"], text):
        return _completed(turn, memory.intents, follows=True)
    if re.search(data["why"], text):
        last = memory.intents[-1]
        known = "finding_detail" if memory.findings else "why_score"
        return _completed(turn, (data["after_why"].get(last, known),), follows=True)
    if re.search(data["next"], text):
        place = next((int(one) for one in reversed(memory.findings) if one.isdigit() and len(one) < 3), 0)
        return replace(_completed(turn, ("finding_detail",), follows=True), findings=(str(place + 1),))
    if re.search(data["more"], text):
        return _completed(turn, (memory.intents[-1],) if memory.findings or memory.intents[-1] != "why_score" else ("costliest_findings",), follows=True)
    return None


def _alone(turn: _Turn) -> tuple[str, ...]:
    """The intent of a question that names something and says nothing else."""
    named, data = turn.named, followups()
    present = {
        "domains": bool(named.domains),
        "findings": bool(named.findings or named.first or named.last),
        "codes": bool(named.codes),
        "target": named.target is not None,
        "market": named.market is not None,
    }
    kind = next((name for name, there in present.items() if there), None)
    if kind is None or _rest(named.masked, named.market):
        return ()
    last = [intent for intent in turn.memory.intents if intent in data["takes"][kind]]
    if last:
        return (last[-1],)
    if kind == "target" and not turn.memory.intents:
        return ()
    return (data["alone"][kind][turn.caller.role],)


def _rest(masked: str, market: str | None) -> str:
    """What is left of a question without what it names and without filler."""
    rest = MASKS.sub(" ", masked)
    if market:
        rest = _names_taken(rest)
    words = [word for word in re.findall(r"[a-z']+", rest) if word not in followups()["filler"]]
    chinese = re.sub(
        "|".join(sorted((re.escape(one) for one in followups()["filler"] if not one.isascii()), key=len, reverse=True)),
        "",
        "".join(re.findall("[\u3400-\u9fff]+", rest)),
    )
    return " ".join(words) + chinese


def _names_taken(text: str) -> str:
    from ecid.assistant.planner.markets import without_markets  # noqa: PLC0415 – the list of countries is read only where one may be named

    return without_markets(text)


def _goods_alone(turn: _Turn) -> Asked | None:
    """A few words that make no question, where goods were spoken of: other goods."""
    named, memory = turn.named, turn.memory
    last = [intent for intent in memory.intents if intent == "candidates_for_goods"]
    match = re.match(r"^(?:and |what about |how about |and what about |那么?|那|还有|换成)?\s*(?P<goods>.{2,60}?)\s*(?:呢|then)?[?？.。]*$", named.text)
    if not last or not match or len(named.text) > 80:
        return None
    return replace(_completed(turn, ("candidates_for_goods",), follows=True), goods=match["goods"], missing=None)


def _intents(named: Features) -> tuple[tuple[str, ...], list[Guess]]:
    """The intents of a question, by its sentences, by its clauses where patterns settle them, and whole; and what came nearest."""
    whole = classifier().guesses(named.masked)
    found = _judged("sentences", named.masked)
    ended = [one.intent for one in (*whole, *found) if one.intent in _ENDS and (one.decisive or one in found)]
    if ended:
        return (ended[0],), whole
    if len(found) < 2:
        found = _by_clauses(named.masked, best(whole)) or found
    strong = [one for one in found if one.decisive or one.score >= _STRONG] or found
    names = list(dict.fromkeys(one.intent for one in strong))
    covered = {held for name in names for held in followups()["covers"].get(name, ())}
    wanted = [name for name in names if name not in _TALK and name not in covered] or names
    return tuple(wanted[:MOST_INTENTS]), whole


def _by_clauses(text: str, first: Guess | None) -> list[Guess]:
    """Several intents where patterns settle different clauses of a sentence, else that of the whole."""
    clauses = [one for one in _judged("clauses", text) if one.decisive]
    if len({one.intent for one in clauses}) < 2:
        return [first] if first else clauses
    return clauses if first is None or first.intent in {one.intent for one in clauses} else [first, *clauses]


def _judged(pattern: str, text: str) -> list[Guess]:
    """What each part of a text is clearly about."""
    parts = [part.strip() for part in re.split(followups()[pattern], text) if part and len(part.strip()) > 1]
    return [guess for part in parts if (guess := best(classifier().guesses(part)))]


def _completed(turn: _Turn, names: tuple[str, ...], *, follows: bool) -> Asked:
    """The question with what it names, and what is meant of the turns before."""
    named, memory, data = turn.named, turn.memory, followups()
    again = follows or bool(re.search(data["it"], re.sub(data["no_it"], " ", named.text)))
    alone = len(memory.findings) == 1 or follows
    keeps_code = again or any("memory_code" in intents()[name].needs for name in names)
    closed = any(turn.caller.role not in intents()[name].roles for name in names)
    takes = {kind for kind, those in data["takes"].items() if set(names) & set(those)}
    findings = _findings(named)
    spoken: dict[str, Any] = {
        "codes": named.codes or (memory.codes if "codes" in takes and keeps_code and not named.goods else ()),
        "findings": findings or (memory.findings if "findings" in takes and not named.codes and alone and (again or "finding_detail" in names) else ()),
        "target": named.target if named.target is not None else (memory.target if follows and "target" in takes else None),
        "days": named.days or (memory.days if follows else ()),
        "goods": named.goods or (memory.goods if "goods" in takes and not named.codes and again else None),
        "market": named.market or (memory.market if "market" in takes else None),
        "domain": named.domains[0] if named.domains else _domain(turn, "domains" in takes or closed),
        "topic": named.text if not follows or not memory.topic else memory.topic,
    }
    asked = Asked(turn.lang, names, follows=follows, claimed=named.claimed, claimed_aeo=named.claimed_aeo, **spoken)
    return replace(asked, missing=_missing(asked, turn.caller))


def _domain(turn: _Turn, wanted: bool) -> str | None:
    """The website that is meant where none is named: one's own where the words are of one's own, else the last that was spoken of."""
    if not wanted:
        return None
    if turn.memory.own and (turn.memory.domain is None or re.search(followups()["own"], turn.named.text)):
        return turn.memory.own
    return turn.memory.domain


def _findings(named: Features) -> tuple[str, ...]:
    if named.first:
        return tuple(str(place) for place in range(1, named.first + 1))
    return named.findings or (("last",) if named.last else ())


def _missing(asked: Asked, caller: Caller) -> str | None:
    """The kind of thing that the first intent needs and nobody named; None where nothing is missing."""
    needs = intents()[asked.intents[0]].needs
    if not needs or caller.role not in intents()[asked.intents[0]].roles:
        return None
    there = {
        "codes": bool(asked.codes),
        "goods": bool(asked.goods),
        "findings": bool(asked.findings),
        "domains": asked.domain is not None,
        "everything": re.search(stepwords()["everything"], asked.topic) is not None,
    }
    return None if any(there.get(need, False) for need in needs) else needs[0]


def _offered(near: list[Guess], caller: Caller) -> tuple[str, ...]:
    """Questions that may be meant, of those this caller can ask."""
    fit = [guess.intent for guess in near if guess.score > 0.12 and intents()[guess.intent].suggest and caller.role in intents()[guess.intent].roles]
    return tuple(dict.fromkeys([*fit, *_usual(caller.role)]))[:3]


@cache
def _usual(role: str) -> tuple[str, ...]:
    return tuple(followups()["offer"][role])
