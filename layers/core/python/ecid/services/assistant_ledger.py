"""The assistant's tools that read the ledger of one enterprise: its newest result, asked once in a conversation's turn (docs/assistant.md, "Tools")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ecid.assistant import facts as f
from ecid.assistant.results import Fact, ToolResult
from ecid.assistant.toolbox import Between, Corrected, FindingOf, Last, Nothing, Target
from ecid.assistant.wording import LANGUAGES
from ecid.errors import Language, ReportNotReady
from ecid.scoring import answers
from ecid.scoring.causes import Cause
from ecid.scoring.inputs import said
from ecid.scoring.saved import SavedFinding, SavedResult, titles_of
from ecid.services.assistant_findings import Case, goods_in, told_finding
from ecid.services.assistant_plan import allotted_in, score_bar, told_plan
from ecid.services.assistant_sources import Records
from ecid.services.review_findings import marks_of
from ecid.services.score_questions import Asked, ScoreQuestions

SHOWN = 10
"""Findings and causes of which `explain_score` makes facts; all findings stand in its data, up to `LISTED`."""
LISTED = 200
_ALL = "all"
_ORDINAL = 3
"""Digits of a number by cost at most; what is longer is the beginning of an id."""
_TENTH = 100_000
_Told = Mapping[Language, Mapping[str, Any]]


class LedgerTools:
    """Bound to one enterprise. Every method is a tool: it raises the errors of `ScoreQuestions`."""

    def __init__(self, questions: ScoreQuestions, uscc: str, records: Records) -> None:
        self._questions, self._uscc, self._records = questions, uscc, records

    @cached_property
    def _asked(self) -> Asked:
        return self._questions.newest(self._uscc)

    @cached_property
    def _causes(self) -> tuple[Cause, ...]:
        return answers.causes(self._saved)

    @cached_property
    def _ledger(self) -> _Told:
        return {lang: answers.ledger(self._saved, lang) for lang in LANGUAGES}

    @cached_property
    def _shown(self) -> Mapping[str, int | None]:
        """The points of causes in tenths: those that the ledger allots to their findings."""
        own = {one["id"]: one["shown_tenths"] for one in self._ledger["zh"]["findings"]}
        parts = {cause.id: [own.get(name) for name in cause.findings] for cause in self._causes}
        return {name: None if None in tenths else sum(one or 0 for one in tenths) for name, tenths in parts.items()}

    @property
    def _saved(self) -> SavedResult:
        return self._asked.result

    def explain_score(self, asked: Nothing) -> ToolResult:
        """The ledger."""
        told, saved = self._ledger["zh"], self._saved
        exact = saved.score_exact_micro
        facts = {
            "score.as_of": f.day(told["as_of"]),
            "score.period_from": f.day(told["period"]["from"]),
            "score.period_to": f.day(told["period"]["to"]),
            "score.findings": f.count(len(saved.findings)),
            "score.lines": f.count(saved.lines.judged),
            "score.weighed": f.count(saved.lines.weighed),
            "score.coverage": f.share(int(saved.coverage * 1_000_000)),
        }
        if exact is None:
            facts["score.insufficient"] = f.state(saved.insufficient_data, f"insufficient_{saved.insufficient_data}")
        else:
            missing = 1_000 - exact // _TENTH
            facts |= {"score.shown": f.score(exact), "score.public": f.number(exact // 1_000_000), "score.missing": f.allotted(saved.missing_micro, missing)}
        facts |= self._dimensions() | self._leading()
        listed = [
            {
                "number": number,
                "points_micro": one.points_micro,
                "id": one.id,
                "rule": one.rule,
                "dimension": one.dimension,
                "code": f.plain(one.code, 40),
                "goods": f.foreign(one.goods_name),
            }
            for number, one in enumerate(saved.findings[:LISTED], 1)
        ]
        data = {"result_id": self._asked.result_id, "score_exact_micro": exact, "insufficient_data": saved.insufficient_data, "findings": listed}
        return ToolResult(
            "explain_score", asked.model_dump(mode="json"), data=data, facts=facts, parts={"score": {lang: score_bar(self._ledger[lang]) for lang in LANGUAGES}}
        )

    def get_finding(self, asked: FindingOf) -> ToolResult:
        """One finding in full. Raises NoSuchFinding."""
        number, one = self._numbered(asked.finding)
        mark = marks_of(self._questions.store, self._uscc).get(one.id)
        case = Case(
            number, one, self._ledger["zh"]["findings"][number - 1]["shown_tenths"], {lang: answers.finding(self._saved, one, lang) for lang in LANGUAGES}, mark
        )
        return told_finding(case, self._saved.versions.as_of, self._records, asked.model_dump(mode="json"))

    def simulate(self, asked: Corrected) -> ToolResult:
        """What if these were corrected. Raises NoSuchFinding, BadInput."""
        ids, key = self._corrected(asked.findings)
        told = {lang: answers.simulate(self._saved, ids, lang) for lang in LANGUAGES}
        before, after = told["zh"]["before_micro"], told["zh"]["after_micro"]
        facts: dict[str, Fact] = {"hypothesis": f.words(f.both(told, "hypothesis"))}
        if before is not None and after is not None:
            gained = f.allotted(after - before, after // _TENTH - before // _TENTH)
            facts |= {"before": f.score(before), "after": f.score(after), "gained": gained}
        named = {f"simulate.{place}{name}": fact for name, fact in facts.items() for place in ("", f"{key}.")}
        return ToolResult("simulate", asked.model_dump(mode="json"), data={"corrected": ids, "key": key}, facts=named)

    def plan(self, asked: Target) -> ToolResult:
        """The cheapest way to a target. Raises BadInput."""
        return told_plan(self._saved, self._causes, asked.target, self._shown)

    def forecast(self, asked: Nothing) -> ToolResult:
        """Month by month. Raises ReportNotReady."""
        told = {lang: answers.forecast(self._saved, lang) for lang in LANGUAGES}
        months = [month for month in told["zh"]["moved"]["months"] if month["score_exact_micro"] is not None]
        if not months:
            return ToolResult("forecast", {}, "nothing", "insufficient_data")
        facts: dict[str, Fact] = {"forecast.hypothesis": f.words(f.both(told, "hypothesis"))}
        for place, month in [*enumerate(months), ("last", months[-1])]:
            facts |= {f"forecast.{place}.day": f.day(month["as_of"]), f"forecast.{place}.score": f.score(month["score_exact_micro"])}
        for target in (85, 90):
            reached = next((month["as_of"] for month in months if month["score_exact_micro"] >= target * 1_000_000), None)
            facts |= {f"forecast.reaches_{target}_on": f.day(reached)} if reached else {}
        return ToolResult("forecast", asked.model_dump(mode="json"), data={"months": len(months)}, facts=facts)

    def compare(self, asked: Between) -> ToolResult:
        """Two results. Raises NotFound."""
        told = self._questions.compare(self._uscc, "zh", asked.since, asked.until)
        (before, after), (earlier, later) = told["scores_micro"], told["as_of"]
        facts: dict[str, Fact] = {"compare.from": f.day(earlier), "compare.to": f.day(later)}
        if before is not None and after is not None:
            facts |= {"compare.before": f.score(before), "compare.after": f.score(after)}
            total = after // _TENTH - before // _TENTH
            facts["compare.difference"] = f.allotted(after - before, total)
            parts = ("by_facts", "by_rules", "undecided")
            micros = [told[f"{part}_micro"] for part in parts]
            facts |= {f"compare.{part}": f.allotted(*own) for part, own in zip(parts, zip(micros, f.split_tenths(total, micros), strict=True), strict=True)}
        for place, move in enumerate(told["moves"][:SHOWN], 1):
            own = {
                "title": f.words(titles_of(move["rule"], move["title"])),
                "points": f.points(move["points_micro"]),
                "kind": f.state(move["kind"], f"move_{move['kind']}"),
                "code": f.code(move["code"]) if move["code"] else None,
                "goods": f.outside(move["goods_name"]) if move["goods_name"] else None,
                "finding": f.identifier(move["finding"]) if move["finding"] else None,
            }
            facts |= f.named(f"compare.move.{place}", own)
        data = {"results": told["results"], "changed": told["changed"], "moves": len(told["moves"]), "others": told["others"]}
        return ToolResult("compare", asked.model_dump(mode="json"), data=data, facts=facts)

    def trend(self, asked: Last) -> ToolResult:
        """The last results."""
        facts: dict[str, Fact] = {}
        results = self._questions.trend(self._uscc, "zh", asked.count)["results"]
        for place, one in enumerate(results, 1):
            why = {lang: "；".join(said(part["part"], lang) for part in one["because"]) for lang in LANGUAGES}
            known = one["score_exact_micro"]
            facts |= f.named(f"trend.{place}", {"day": f.day(one["as_of"]), "score": None if known is None else f.score(known), "because": f.words(why)})
        return ToolResult("trend", asked.model_dump(mode="json"), data={"results": [one["result_id"] for one in results]}, facts=facts)

    def misclassified(self, asked: Nothing) -> ToolResult:
        """The enterprise's own list."""
        told = {lang: answers.misclassified(self._saved, lang) for lang in LANGUAGES}
        facts: dict[str, Fact] = {}
        for place, one in enumerate(told["zh"][:SHOWN], 1):
            texts: _Told = {lang: told[lang][place - 1] for lang in LANGUAGES}
            own: dict[str, Fact | None] = {name: f.words(f.both(texts, name)) if one[name] else None for name in ("deciding_fact", "question", "advice")}
            own |= {"code": f.code(one["code"]), "rival": f.code(one["rival"]) if one["rival"] else None, "lines_count": f.count(one["lines"])}
            own["points"] = None if one["points_micro"] is None else f.points(one["points_micro"])
            own["record"] = f.identifier(one["record"]) if one["record"] else None
            facts |= f.named(f"misclassified.{place}", own)
        records = [one["record"] for one in told["zh"][:SHOWN] if one["record"]]
        citations = tuple(cited for name in dict.fromkeys(records) if (cited := self._records.citation(name, self._saved.versions.as_of)))
        if not facts:
            return ToolResult("misclassified", {}, "nothing", "not_found")
        return ToolResult("misclassified", {}, data={"codes": len(told["zh"])}, facts=facts, citations=citations)

    def _dimensions(self) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        for zh, en in zip(*(self._ledger[lang]["dimensions"] for lang in LANGUAGES), strict=True):
            own: dict[str, Fact | None] = {"name": f.words({"zh": zh["name"], "en": en["name"]}), "of": f.points(zh["weight_micro"])}
            own["state"] = f.state(zh["state"], f"dimension_{zh['state']}")
            own["lost"] = None if zh["lost_micro"] is None else f.allotted(zh["lost_micro"], zh["shown_tenths"] or 0)
            facts |= f.named(f"dimension.{zh['dimension']}", own)
        for place, (zh, en) in enumerate(zip(*(self._ledger[lang]["caps"] for lang in LANGUAGES), strict=True), 1):
            lost = f.allotted(zh["points_micro"], zh["shown_tenths"])
            facts |= {f"cap.{place}.title": f.words({"zh": zh["title"], "en": en["title"]}), f"cap.{place}.lost": lost}
        return facts

    def _leading(self) -> dict[str, Fact]:
        """Of the findings and causes that cost most."""
        facts: dict[str, Fact] = {}
        for place, one in enumerate(self._saved.findings[:SHOWN], 1):
            shown = self._ledger["zh"]["findings"][place - 1]["shown_tenths"]
            facts |= f.named(
                f"finding.{place}",
                {
                    "id": f.identifier(one.id),
                    "title": f.words(one.titles),
                    "points": f.allotted(one.points_micro, shown) if one.points_micro is not None and shown is not None else None,
                    "code": f.code(one.code),
                    "goods": f.outside(one.goods_name) if one.goods_name else None,
                    "lines_count": f.count(one.count),
                },
            )
        for place, cause in enumerate(self._causes[:SHOWN], 1):
            told = {lang: cause.to_json(lang) for lang in LANGUAGES}
            sentence = {lang: f.within(allotted_in(cause.sentence[lang], self._shown[cause.id]), goods_in(cause, self._saved), lang) for lang in LANGUAGES}
            own = {"id": f.identifier(cause.id), "sentence": f.words(sentence, longest=600), "action": f.words(f.both(told, "action"))}
            counts = {"lines_count": f.count(cause.lines), "declarations": f.count(cause.declarations), "findings": f.count(len(cause.findings))}
            facts |= f.named(f"cause.{place}", own | counts | {"points": _allotted(cause.points_micro, self._shown[cause.id])})
        return facts

    def _numbered(self, name: str) -> tuple[int, SavedFinding]:
        """A finding by its number or id. Raises NoSuchFinding."""
        found = self._saved.findings
        if name.isascii() and name.isdigit() and len(name) <= _ORDINAL:
            if not 1 <= int(name) <= len(found):
                raise answers.NoSuchFinding(id=name, count=0)
            return int(name), found[int(name) - 1]
        one = answers.finding_of(self._saved, name)
        return found.index(one) + 1, one

    def _corrected(self, names: Sequence[str]) -> tuple[list[str], str]:
        """The ids of what is to be corrected, and a short name for it. Raises NoSuchFinding, ReportNotReady where there is nothing at all."""
        if not self._saved.findings:
            raise ReportNotReady
        if names == (_ALL,):
            return [one.id for one in self._saved.findings], _ALL
        ids: dict[str, str] = {}
        for name in names:
            if name[:1] == "c" and name[1:].isascii() and name[1:].isdigit() and len(name) <= _ORDINAL:
                place = int(name[1:])
                if not 1 <= place <= len(self._causes):
                    raise answers.NoSuchFinding(id=name, count=0)
                ids[self._causes[place - 1].id] = f"c{place}"
                continue
            cause = next((one for one in enumerate(self._causes, 1) if len(name) >= answers.SHORTEST_ID and one[1].id.startswith(name.lower())), None)
            if cause:
                ids[cause[1].id] = f"c{cause[0]}"
            else:
                number, one = self._numbered(name)
                ids[one.id] = str(number)
        return list(ids), "-".join(sorted(ids.values(), key=lambda key: (key[0] == "c", int(key.lstrip("c")))))


def _allotted(micro: int | None, shown: int | None) -> Fact | None:
    return None if micro is None or shown is None else f.allotted(micro, shown)
