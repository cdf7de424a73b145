"""The assistant's tools that read what everybody may read: clauses, tariff lines, candidates, the method (docs/assistant.md, "Tools")."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ecid.assistant import facts as f
from ecid.assistant.blocks import Citation
from ecid.assistant.results import Fact, State, ToolResult
from ecid.assistant.toolbox import About, ClauseOf, ClausesAbout, CodeOn, Goods
from ecid.assistant.wording import LANGUAGES
from ecid.errors import EcidError, Language, NotFound, UnreadableFile
from ecid.scoring.policy import Policy
from ecid.scoring.units import unit_name
from ecid.services.find_candidates import Candidates
from ecid.services.search_clauses import Clauses, Request, tariff_line
from ecid.tariff.reference import Tariff

HITS, _CANDIDATES, _ELEMENTS = 5, 5, 30
_ENDS = ("。", "；", ";", ". ", "! ", "? ", "！", "？")
_SHORTEST = 40
_AND: Mapping[Language, str] = {"zh": "、", "en": ", "}


class Records:
    """What can be cited. Where there is no index, nothing can."""

    def __init__(self, clauses: Callable[[], Clauses], lang: Language) -> None:
        self._clauses, self.lang = clauses, lang

    def citation(self, name: str, as_of: date, quote: str = "") -> Citation | None:
        """The record of an id with words of it: `quote` where it has them, else its first sentences. None where there is no such record, or no index."""
        try:
            told = self._clauses().get(name, self.lang, as_of)
        except (NotFound, UnreadableFile):
            return None
        return cited(told, self.lang, quote)


class SourceTools:
    """Every method is a tool. They raise the errors of their use cases."""

    def __init__(self, records: Records, clauses: Callable[[], Clauses], candidates: Callable[[], Candidates], tariff: Callable[[], Tariff]) -> None:
        self._records, self._clauses, self._candidates, self._tariff = records, clauses, candidates, tariff

    def search_clauses(self, asked: ClausesAbout, today: date) -> ToolResult:
        """A search. Raises BadInput."""
        lang = self._records.lang
        found = self._clauses().search(Request(asked.query, asked.code or "", asked.kind or "", asked.as_of, lang, HITS))
        facts: dict[str, Fact] = {}
        citations: list[Citation] = []
        for place, hit in enumerate(found["results"], 1):
            told = self._clauses().get(hit["id"], lang, asked.as_of or today)
            citations.append(cited(told, lang))
            facts |= _clause_facts(f"clause.{place}", told, citations[-1])
        data = {"declined": found["declined"], "ids": [one.id for one in citations], "ranked_by": found["ranked_by"]}
        if not facts:
            return ToolResult("search_clauses", asked.model_dump(mode="json"), "nothing", "declined" if found["declined"] else "not_found", data)
        return ToolResult("search_clauses", asked.model_dump(mode="json"), data=data, facts=facts, citations=tuple(citations))

    def get_clause(self, asked: ClauseOf, today: date) -> ToolResult:
        """One record. Raises NotFound."""
        told = self._clauses().get(asked.id, self._records.lang, asked.as_of or today)
        one = cited(told, self._records.lang)
        return ToolResult("get_clause", asked.model_dump(mode="json"), data={"id": one.id}, facts=_clause_facts("clause.1", told, one), citations=(one,))

    def get_tariff_line(self, asked: CodeOn, today: date) -> ToolResult:
        """A code on a day. Raises BadInput."""
        told = tariff_line(self._tariff(), asked.code, asked.as_of or today)
        line: Mapping[str, Any] = told["line"] or {}
        facts: dict[str, Fact | None] = {
            "code": f.code(told["code"]),
            "as_of": f.day(told["as_of"]),
            "state": f.state(told["state"], f"code_{told['state']}"),
            "edition": f.code(told["edition"].removeprefix("pack-")) if told["edition"] else None,
        }
        facts |= {f"suggestion.{place}": f.code(code) for place, code in enumerate(told["suggestions"][:HITS], 1)}
        if line:
            named = {"zh": line["name"], "en": line["name_en"] or line["name"]}
            facts |= {"name": f.words(named, "name"), "path": f.words(" › ".join(line["path"])) if line["path"] else None}
            facts["elements"] = f.count(len(line["elements"])) if line["elements_known"] else None
            facts["units"] = (
                f.words({lang: _AND[lang].join(unit_name(unit)[lang] for unit in line["units"]) for lang in LANGUAGES}, "name", ",".join(line["units"]))
                if line["units"]
                else None
            )
            shown = line["elements"][:_ELEMENTS]
            facts |= {f"element.{place}": f.words(f"{element['number']}.{element['label']}", "quote") for place, element in enumerate(shown, 1)}
            facts["elements_listed"] = f.words("；".join(f"{one['number']}.{one['label']}" for one in shown), "quote", longest=600) if shown else None
        cited_line = self._records.citation(f"line-{told['edition']}-{told['code'][:8]}", date.fromisoformat(told["as_of"]))
        data = {"code": told["code"], "state": told["state"], "reason": told["reason"], "substituted": told["substituted"], "suggestions": told["suggestions"]}
        citations = (cited_line,) if cited_line else ()
        return ToolResult("get_tariff_line", asked.model_dump(mode="json"), data=data, facts=f.named(f"tariff.{told['code']}", facts), citations=citations)

    def find_candidates(self, asked: Goods, today: date) -> ToolResult:
        """Where goods may belong. Raises BadInput."""
        told = self._candidates().find(asked.text, top=_CANDIDATES, declared=asked.declared)
        facts: dict[str, Fact] = {"candidates.decided": f.state(told["decided"], "yes" if told["decided"] else "no")}
        if "suspicion" in told:
            facts["candidates.suspicion"] = f.share(int(told["suspicion"] * 1_000_000))
            facts["candidates.declared"] = f.code(asked.declared or "")
        citations: dict[str, Citation] = {}
        for place, one in enumerate(told["candidates"], 1):
            titles = one["titles"]
            title = {lang: titles.get(lang) or next(iter(titles.values()), "") for lang in LANGUAGES}
            own = {
                "code": f.code(one["code"]),
                "title": f.words(title, "name", longest=100) if any(title.values()) else None,
                "share": f.share(int(one["score"] * 1_000_000)),
            }
            piece = next((piece for piece in one["evidence"] if piece["speaks"] == "for"), None)
            source = self._records.citation(piece["record"], today, piece["quote"]) if piece else None
            if source:
                citations[source.id] = source
            facts |= f.named(f"candidate.{place}", own | {"record": f.identifier(source.id) if source else None})
        data = {"decided": told["decided"], "codes": [one["code"] for one in told["candidates"]]}
        if not data["codes"]:
            return ToolResult("find_candidates", {"declared": asked.declared}, "nothing", "not_found", data)
        return ToolResult("find_candidates", {"declared": asked.declared}, data=data, facts=facts, citations=tuple(citations.values()))


def score_method(asked: About, policy: Policy) -> ToolResult:
    """The method in force."""
    whole = asked.topic == "all"
    facts: dict[str, Fact] = {"method.policy": f.code(policy.id), "method.valid_from": f.day(policy.valid_from.isoformat())}
    if whole or asked.topic == "dimensions":
        for one in policy.dimensions:
            own = {"name": f.words({lang: one.name[lang] for lang in LANGUAGES}), "weight": f.number(one.weight), "full": f.share(one.full_ppm)}
            facts |= f.named(f"method.dimension.{one.number}", own)
        facts["method.dimensions"] = f.count(len(policy.dimensions))
    if whole or asked.topic == "window":
        facts["method.window_months"] = f.count(policy.period_months)
    if whole or asked.topic == "cap":
        cap = policy.ruling_cap
        facts |= {"method.cap.ceiling": f.number(cap.ceiling), "method.cap.lines": f.count(cap.lines), "method.cap.share": f.share(cap.share_ppm)}
    if whole or asked.topic == "bands":
        facts |= {f"method.band.{name}": f.number(floor) for name, floor in policy.bands}
    if whole or asked.topic == "sufficiency":
        facts |= {"method.sufficient.lines": f.count(policy.sufficient_lines), "method.sufficient.coverage": f.share(policy.sufficient_coverage_ppm)}
    return ToolResult("score_method", asked.model_dump(mode="json"), data={"policy": policy.id}, facts=facts)


def cited(told: Mapping[str, Any], lang: Language, quote: str = "") -> Citation:
    """A record as `Clauses.get` tells it, as a citation: `quote` where one of its texts has these very words, else its first sentences."""
    texts: Mapping[str, str] = {own: " ".join(text.split()) for own, text in told["texts"].items()}
    original = texts.get("zh") or texts.get("en") or ""
    shown = _around(" ".join(quote.split()), texts) or passage(original)
    gloss = passage(texts["en"]) if lang == "en" and "en" in texts and "zh" in texts and shown not in texts["en"] else ""
    return Citation(
        id=told["id"],
        title=f.plain(told["title"], 160),
        quote=shown,
        valid_from=told["valid_from"],
        valid_to=told["valid_to"],
        lapsed=not told["in_force"],
        sha256=hashlib.sha256(shown.encode()).hexdigest(),
        gloss=gloss,
    )


def passage(text: str, longest: int = f.LONGEST) -> str:
    """The beginning of a text, to the end of a sentence where one ends in good time: words as they stand, without signs that cannot be seen."""
    shown = "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
    if len(shown) <= longest:
        return shown
    end = max(shown.rfind(sign, 0, longest) for sign in _ENDS)
    return shown[: end + 1 if end >= _SHORTEST else longest].rstrip()


def _around(wanted: str, texts: Mapping[str, str]) -> str:
    """The sentence in which words stand, "" where no text has them."""
    text = next((text for text in texts.values() if wanted and wanted in text), "")
    begin = text.find(wanted)
    starts = (at + len(sign) for sign in _ENDS if (at := text.rfind(sign, 0, begin)) >= 0)
    return passage(text[max(starts, default=0) :]) if text else ""


def refused(tool: str, arguments: Mapping[str, Any], error: EcidError) -> ToolResult:
    """What an error of ours is to a caller: unknown things are `nothing`, unusable ones `refused`, sources that cannot be asked `failed`."""
    unusable = error.status < 500 and error.code != "unreadable_file"
    state: State = "nothing" if error.code in ("not_found", "report_not_ready") else "refused" if unusable else "failed"
    return ToolResult(tool, arguments, state, error.code)


def _clause_facts(prefix: str, told: Mapping[str, Any], one: Citation) -> dict[str, Fact]:
    titles: Mapping[str, str] = told["titles"]
    title = {lang: titles.get(lang) or one.title for lang in LANGUAGES}
    said: Mapping[str, Any] = told["facts"]
    asked = {name: f.words(said[name]) for name in ("deciding_fact", "question") if _is_said(said.get(name))}
    for place, way in enumerate(said.get("settles", ()) if "deciding_fact" in asked else (), 1):
        asked |= {f"settles.{place}.when": f.words(way["when"]), f"settles.{place}.code": f.code(way["to"])}
    return f.named(
        prefix,
        {
            **asked,
            "id": f.identifier(one.id),
            "kind": f.state(told["kind"], f"kind_{told['kind']}"),
            "title": f.words(title, "name", longest=160),
            "quote": Fact(one.quote, {"zh": f.foreign(one.quote, f.LONGEST), "en": f.foreign(one.gloss or one.quote, f.LONGEST)}, "quote", quoted=True)
            if one.quote
            else None,
            "valid_from": f.day(one.valid_from),
            "valid_to": f.day(one.valid_to) if one.valid_to else None,
            "lapsed": f.state(one.lapsed, "yes" if one.lapsed else "no"),
            "source": f.words(told["source"], "name"),
            "code": f.code(told["code"]) if told["code"] else None,
        },
    )


def _is_said(value: object) -> bool:
    """Whether a fact of a record is words in both languages."""
    return isinstance(value, Mapping) and set(value) == set(LANGUAGES)
