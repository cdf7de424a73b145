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
from ecid.assistant.planner.citing import record_named
from ecid.assistant.planner.classifier import Guess, classifier, concepts_in
from ecid.assistant.planner.described import MASKS, goods_left
from ecid.assistant.planner.features import Features, features_of
from ecid.assistant.planner.memory import Asked, Memory
from ecid.assistant.planner.mentions import names_a_rule, names_goods
from ecid.assistant.planner.records import followups, intents, stepwords
from ecid.assistant.planner.several import STRONG, intents_of, length
from ecid.assistant.toolbox import OF_THE_LEDGER
from ecid.errors import Language


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
    found, near = intents_of(named, caller.role, memory.intents)
    other = _carried(turn) or _goods_alone(turn) or _other_one(turn, near[0])
    names = found or _hinted(turn)
    if other or names:
        return other or _completed(turn, names, follows=False)
    return Asked(turn.lang, suggested=_offered(near, caller), topic=named.text)


def _hinted(turn: _Turn) -> tuple[str, ...]:
    """The intent of a question whose words say none: by what it names, by what it states, or because it has nothing to do with anything here."""
    named = turn.named
    if names_a_rule(named.text) and turn.caller.role != "buyer":
        return ("finding_detail",)
    if named.claimed is not None:
        return ("why_score",)
    if named.claimed_aeo:
        return ("aeo_meaning",)
    return ("off_topic",) if _elsewhere(named) else ()


def _elsewhere(named: Features) -> bool:
    """Whether a question of some length has nothing to do with anything here."""
    data = followups()
    chinese, latin = len(re.findall("[\u3400-\u9fff]", named.masked)), len(re.findall("[a-z]{2,}", named.masked))
    return (chinese >= data["long"]["zh"] or latin >= data["long"]["en"]) and not set(concepts_in(named.masked)) & set(data["topical"])


def _bare(turn: _Turn) -> bool:
    """Whether a question names nothing but, at most, goods."""
    named = turn.named
    settled = any(guess.decisive for guess in classifier().guesses(named.masked))
    return not (named.codes or named.domains or named.findings or named.first or named.target or named.dimension or settled)


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


def _carried(turn: _Turn) -> Asked | None:
    """A short question that has its subject from the last one: "and how do I get rid of it", 怎么修复."""
    named, memory = turn.named, turn.memory
    last = memory.intents[-1] if memory.intents else ""
    pattern = followups()["carried"].get(last)
    new = named.codes or named.domains or named.first or [one for one in named.findings if one not in memory.findings]
    settled = any(guess.decisive and guess.intent != last for guess in classifier().guesses(named.masked))
    if pattern is None or new or settled or length(named.text) > followups()["short"] or not re.search(pattern, named.text):
        return None
    return _completed(turn, (last,), follows=True)


def _other_one(turn: _Turn, nearest: Guess) -> Asked | None:
    """ "And the price one?", 驱动电源的呢: the last question again, of another finding, where the words say nothing stronger."""
    text, memory, data = turn.named.text, turn.memory, followups()
    short = length(text) <= data["short"]
    if not memory.intents or not short or turn.caller.role == "buyer" or turn.named.domains or nearest.decisive:
        return None
    named = _mentions(turn.named)
    if not re.search(data["other"], text) or not (named or nearest.score < STRONG):
        return None
    last = [intent for intent in memory.intents if intent in data["takes"]["findings"]]
    if not last and not named:
        return None
    return replace(_completed(turn, (last[-1] if last else "finding_detail",), follows=True), findings=(), codes=turn.named.codes)


def _alone(turn: _Turn) -> tuple[str, ...]:
    """The intent of a question that names something and says nothing else."""
    named, data = turn.named, followups()
    present = {
        "domains": bool(named.domains),
        "dimension": named.dimension is not None,
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
    if kind == "target" and (named.target not in data["usual_targets"] or not turn.memory.intents) and turn.caller.role != "buyer":
        return ("why_score",) if not turn.memory.intents else ("plan_to_target",)
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
    last = memory.intents[-1:] == ("candidates_for_goods",) and bool(_bare(turn))
    match = re.match(r"^(?:and |what about |how about |and what about |那么?|那|还有|换成)?\s*(?P<goods>.{2,60}?)\s*(?:呢|then)?[?？.。]*$", named.text)
    if not last or not match or len(named.text) > 80:
        return None
    return replace(_completed(turn, ("candidates_for_goods",), follows=True), goods=match["goods"], missing=None)


def _completed(turn: _Turn, names: tuple[str, ...], *, follows: bool) -> Asked:
    """The question with what it names, and what is meant of the turns before."""
    named, memory, data = turn.named, turn.memory, followups()
    names = _allowed(turn, names)
    again = follows or bool(re.search(data["it"], re.sub(data["no_it"], " ", named.text)))
    alone = len(memory.findings) == 1 or follows
    keeps_code = again or any("memory_code" in intents()[name].needs for name in names)
    closed = any(turn.caller.role not in intents()[name].roles for name in names)
    takes = {kind for kind, those in data["takes"].items() if set(names) & set(those)}
    findings = _findings(named)
    keeps_finding = "findings" in takes and not named.codes and alone and (again or "finding_detail" in names) and not _mentions(named)
    spoken: dict[str, Any] = {
        "codes": named.codes or (memory.codes if "codes" in takes and keeps_code and not named.goods else ()),
        "findings": findings or (_both(turn) if "findings" in takes else ()) or (memory.findings if keeps_finding else ()),
        "target": named.target if named.target is not None else (memory.target if follows and "target" in takes else None),
        "days": named.days or (memory.days if follows else ()),
        "goods": named.goods or (memory.goods if "goods" in takes and not named.codes and again else None),
        "market": named.market or (memory.market if "market" in takes else None),
        "domain": named.domains[0] if named.domains else _domain(turn, "domains" in takes or closed),
        "topic": named.text if not follows or not memory.topic else memory.topic,
        "text": named.text,
        "said": memory.said,
        "dimension": named.dimension,
        "clause": record_named(named.text),
    }
    if "candidates_for_goods" in names and not spoken["goods"]:
        spoken["goods"] = goods_left(named.text)
    asked = Asked(turn.lang, names, follows=follows, **_claims(named), **spoken)
    return replace(asked, missing=_missing(asked, turn.caller))


def _allowed(turn: _Turn, names: tuple[str, ...]) -> tuple[str, ...]:
    """Questions about the ledger of a domain that is not the caller's own are for others' data; what only its record can answer is asked of that."""
    named, own = turn.named, turn.memory.own
    foreign = [domain for domain in named.domains if domain != own]
    if turn.caller.role == "buyer":
        unscored = bool(foreign or turn.memory.domain) and re.search(followups()["unscored"], named.text)
        open_ones = tuple("record_of_domain" if unscored and name == "why_score" else name for name in names)
        return tuple(dict.fromkeys(name if "buyer" in intents()[name].roles else "others_data" for name in open_ones))
    if foreign and re.search(followups()["of_own"], named.text):
        return names
    closed = any(set(intents()[name].tools) & OF_THE_LEDGER and "buyer" not in intents()[name].roles for name in names)
    return ("others_data",) if foreign and own and len(foreign) == len(named.domains) and closed else names


def _mentions(named: Features) -> bool:
    """Whether a finding is spoken of by its rule or its goods."""
    return names_a_rule(named.text) or names_goods(named.text)


def _domain(turn: _Turn, wanted: bool) -> str | None:
    """The website that is meant where none is named: one's own where the words are of one's own, else the last that was spoken of."""
    if not wanted:
        return None
    if turn.memory.own and (turn.memory.domain is None or re.search(followups()["own"], turn.named.text)):
        return turn.memory.own
    return turn.memory.domain


def _claims(named: Features) -> dict[str, Any]:
    return {name: getattr(named, name) for name in ("claimed", "claimed_aeo", "claimed_findings", "claimed_lost")}


def _both(turn: _Turn) -> tuple[str, ...]:
    """The last two findings spoken of, where "both", 这两项 asks for them."""
    spoken = list(dict.fromkeys(one for one in (*turn.memory.findings, *turn.memory.said) if one.isdigit() and len(one) < 3))[:2]
    return tuple(sorted(spoken, key=int)) if len(spoken) > 1 and re.search(followups()["both"], turn.named.text) else ()


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
