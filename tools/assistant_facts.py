"""What an answer of the assistant must contain, named by its source: `score.whole`, `finding.1.points`, `plan.90.step.1.score` (docs/assistant-evaluation.md).

Resolved by asking the use cases themselves, not the assistant's tools, so that a tool that misreads an answer is found out. The names outlive today's figures:
samples may be tuned anew, and the evaluation set stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any, Literal

from ecid.bootstrap import Platform
from ecid.errors import Language
from ecid.scoring.policy import parameters
from ecid.services.search_clauses import tariff_line
from ecid.verification.shape import to_json
from ecid.verification.wording import words

Json = Any
Fact = Mapping[str, Any]
Role = Literal["buyer", "supplier", "consultant"]
_MICRO = 1_000_000
_ENGLISH_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAMED_STATES = ("level", "recognition", "website", "status", "rectification")
_RULE = re.compile(r"[A-Z_]{4,}")


class UnknownFact(ValueError):
    """A fact whose name is none of the vocabulary, or that the source does not hold today."""


@dataclass(frozen=True, slots=True)
class AskedBy:
    """Who asks, as a question of the set has it: the enterprise by a domain of its own; a buyer may look at a domain."""

    role: Role
    enterprise: str | None = None
    domain: str | None = None


@dataclass
class Sources:
    """The use cases, asked on behalf of an enterprise; what was asked once is kept."""

    platform: Platform
    enterprise: str | None
    lang: Language
    _kept: dict[tuple[Any, ...], Json] = field(default_factory=dict)

    @cached_property
    def uscc(self) -> str:
        if self.enterprise is None:
            raise UnknownFact("nobody's result is asked for")
        found = self.platform.verification().verify(self.enterprise).enterprise
        if found is None:
            raise UnknownFact(self.enterprise)
        return found.uscc

    def once(self, *key: Any, ask: Callable[[], Json]) -> Json:
        if key not in self._kept:
            self._kept[key] = ask()
        return self._kept[key]

    @property
    def ledger(self) -> Json:
        return self.once("ledger", ask=lambda: self.platform.questions().explain(self.uscc, self.lang))

    def finding(self, name: str) -> Json:
        return self.once("finding", name, ask=lambda: self.platform.questions().finding(self.uscc, name, self.lang))


def points(micro: int, tenths: int | None = None) -> list[str]:
    """Points as an answer may show them: as allotted, floored to a tenth, or exactly."""
    exact = f"{micro // _MICRO}.{micro % _MICRO:06d}"
    floored = f"{micro // 100_000 / 10:.1f}"
    shown = [floored] if tenths is None else [f"{tenths / 10:.1f}", *([floored] if micro >= 100_000 else [])]
    return _distinct([*shown, exact, *([f"{micro // _MICRO}"] if micro % _MICRO == 0 else [])])


def day(iso: str) -> list[str]:
    """A day, or a moment in UTC (its day there or in Beijing), as shown in either language."""
    days = [date.fromisoformat(iso[:10])]
    if len(iso) > len("2026-05-17"):
        days.append((datetime.fromisoformat(iso) + timedelta(hours=8)).date())
    return _distinct(shown for at in days for shown in _day_forms(at))


def _day_forms(at: date) -> list[str]:
    month = _ENGLISH_MONTHS[at.month - 1]
    return [
        at.isoformat(),
        f"{at.year}年{at.month}月{at.day}日",
        f"{at.day} {month} {at.year}",
        f"{month} {at.day}, {at.year}",
        f"{at.day} {month[:3]} {at.year}",
    ]


def code(digits: str) -> list[str]:
    """A tariff code, whole or to eight digits, with dots or without."""
    lengths = _distinct([digits, digits[:8]] if len(digits) > 8 else [digits])
    dotted = [".".join(part for part in (one[:4], one[4:6], one[6:8], one[8:]) if part) for one in lengths]
    return _distinct([*lengths, *dotted, *(f"{one[:4]}.{one[4:]}" for one in lengths if len(one) > 4)])


def count(number: int) -> list[str]:
    return _distinct([f"{number:,}", str(number)])


def resolve(fact: Fact, platform: Platform, caller: AskedBy, lang: Language, sources: Sources | None = None) -> list[str]:
    """The strings of which an answer must show one. Raises UnknownFact where the source has none, EcidError where it refuses."""
    if "text" in fact:
        return [str(fact["text"])]
    if "any" in fact:
        return _distinct([shown for one in fact["any"] for shown in resolve(one, platform, caller, lang, sources)])
    asked = sources or Sources(platform, fact.get("enterprise", caller.enterprise), lang)
    if "enterprise" in fact and fact["enterprise"] != asked.enterprise:
        asked = Sources(platform, str(fact["enterprise"]), lang)
    head, *rest = str(fact["from"]).split(".")
    if head not in _HEADS:
        raise UnknownFact(fact["from"])
    try:
        found = _HEADS[head](rest, asked, {"domain": caller.domain or caller.enterprise, **fact})
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnknownFact(f"{fact['from']}: {error}") from error
    if not found:
        raise UnknownFact(str(fact["from"]))
    return found


def expand(fact: Fact, platform: Platform, lang: Language) -> list[Fact]:
    """A fact that asks for every element of a code (`tariff.85414300.element.*`), one by one; any other as it is."""
    name = str(fact.get("from", ""))
    if not name.endswith(".*"):
        return [fact]
    elements = tariff_line(platform.published.tariff, name.split(".")[1], platform.today())["line"]["elements"]
    return [{**fact, "from": f"{name[:-1]}{number}"} for number in range(1, len(elements) + 1)]


def shows(answer: str, accepted: Iterable[str]) -> bool:
    """Whether an answer shows one of the strings: whatever the width, case or space, and no figure that is only part of a longer one."""
    text = _plain(answer)
    return any(re.search(_bounded(_plain(one)), text) for one in accepted)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).casefold().strip()


def _bounded(shown: str) -> str:
    before = r"(?<!\d)(?<!\d[.,])" if shown[:1].isdigit() else ""
    after = r"(?!\d)(?![.,]\d)" if shown[-1:].isdigit() else ""
    for longer in _states():
        if longer != shown and longer.endswith(shown):
            before += f"(?<!{re.escape(longer.removesuffix(shown))})"
        if longer != shown and longer.startswith(shown):
            after += f"(?!{re.escape(longer.removeprefix(shown))})"
    return f"{before}{re.escape(shown)}{after}"


@cache
def _states() -> tuple[str, ...]:
    """The names of states: "recognised" is not shown where an answer says "not recognised"."""
    languages: tuple[Language, ...] = ("zh", "en")
    return tuple(_distinct(_plain(name) for lang in languages for group in _NAMED_STATES for name in words(lang)[group].values()))


def _distinct(shown: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(shown))


def _value(value: Json) -> list[str]:
    """A value of a document, by its type."""
    if isinstance(value, str) and _DAY.match(value):
        return day(value)
    if isinstance(value, float):
        return _distinct([f"{value:.{digits}f}" for digits in range(1, 5)] + [f"{value:g}", f"{value:,.2f}"])
    if isinstance(value, int):
        return count(value)
    return [str(value)] if value else []


def _score(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    ledger = asked.ledger
    name = rest[0]
    if name in ("whole", "exact"):
        exact = points(ledger["score_exact_micro"])
        return [str(ledger["score"]), *exact] if name == "whole" else exact
    if name == "missing":
        return points(ledger["missing_micro"], 1000 - ledger["score_exact_micro"] // 100_000)
    return _value({"as_of": ledger["as_of"], "since": ledger["period"]["from"], "until": ledger["period"]["to"], "lines": ledger["lines"]["weighed"]}[name])


def _dimension(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    ranked = sorted(asked.ledger["dimensions"], key=lambda one: -(one["lost_micro"] or 0))
    which, name = rest
    one = ranked[int(which[3:]) - 1] if which.startswith("top") else next(one for one in ranked if one["dimension"] == int(which))
    if name == "lost":
        return points(one["lost_micro"], one["shown_tenths"])
    return points(one["weight_micro"]) if name == "weight" else [one["name"]]


def _chosen(selector: str, asked: Sources) -> Json:
    """A line of the ledger: by its place among the costliest, by its rule, or by the beginning of its code."""
    findings = asked.ledger["findings"]
    if selector.isdigit() and len(selector) < 4:
        return findings[int(selector) - 1]
    key = "rule" if _RULE.fullmatch(selector) else "code"
    found = next((one for one in findings if one[key].startswith(selector)), None)
    if found is None:
        raise UnknownFact(selector)
    return found


def _finding(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    chosen = _chosen(rest[0], asked)
    name, *more = rest[1:]
    if name == "points":
        return points(chosen["points_micro"], chosen["shown_tenths"])
    whole = asked.finding(chosen["id"])
    if name == "route":
        return _route(more, whole["routes"])
    if name == "evidence":
        seen = [piece[more[0]] for piece in whole["evidence"] if more[0] in piece]
        return _distinct(shown for value in seen for shown in (code(value) if more[0] == "code" else _value(value)))
    if name == "ages_out":
        return _route(["declare_right", "ages_out_on"], whole["routes"])
    shown: dict[str, Callable[[], list[str]]] = {
        "code": lambda: code(chosen["code"]),
        "goods": lambda: [chosen["goods_name"]],
        "lines_count": lambda: count(whole["line_count"]),
        "line": lambda: list(whole["lines"]),
        "id": lambda: _distinct(whole["id"][:length] for length in (16, 12, 8, 6, 4)),
        "suggested": lambda: _distinct(form for one in whole["suggested_codes"] for form in code(one)),
        "review": lambda: _value(whole["review"]["because"]),
    }
    return shown[name]() if name in shown else _value(whole[name])


def _route(rest: Sequence[str], routes: Sequence[Json]) -> list[str]:
    route = next((one for one in routes if one["route"] == rest[0]), None)
    if route is None:
        raise UnknownFact(rest[0])
    name = rest[1] if len(rest) > 1 else "name"
    return _value(route[name] if name in route else route["calendar"][name])


def _plan(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    target, name, *more = rest
    plan = asked.once("plan", target, ask=lambda: asked.platform.questions().plan(asked.uscc, int(target), asked.lang))
    if name == "step":
        step = plan["steps"][int(more[0]) - 1]
        cause = step["cause"]
        if more[1] == "score":
            return points(step["score_micro"])
        if more[1] == "points":
            return points(cause["points_micro"])
        return _distinct(form for one in cause["codes"] for form in code(one)) if more[1] == "code" else _value({**step, **cause}[more[1]])
    if name == "score":
        return points(plan["steps"][-1]["score_micro"] if plan["steps"] else plan["before_micro"])
    if name in ("declaring_right", "at_best"):
        return _value(plan["reached_on"][name])
    return points(plan["best_reachable_micro"]) if name == "best" else count(plan["cost"][name])


def _simulate(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    """`simulate.1+2.after`: with these findings corrected."""
    names = [_chosen(one, asked)["id"] for one in rest[0].split("+")]
    told = asked.once("simulate", rest[0], ask=lambda: asked.platform.questions().simulate(asked.uscc, names, asked.lang))
    tenths = told["after_micro"] // 100_000 - told["before_micro"] // 100_000
    return points(told[f"{rest[1]}_micro"], tenths if rest[1] == "gained" else None)


def _forecast(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    months = asked.once("forecast", ask=lambda: asked.platform.questions().forecast(asked.uscc, asked.lang))["moved"]["months"]
    if rest[0] == "reaches":
        month = next((one for one in months if one["score_exact_micro"] >= int(rest[1]) * _MICRO), None)
        return day(month["as_of"]) if month else []
    month = {"next": months[1], "last": months[-1]}[rest[0]]
    return points(month["score_exact_micro"]) if rest[1] == "score" else day(month["as_of"])


def _misclassified(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    own = asked.once("own", ask=lambda: asked.platform.questions().misclassified(asked.uscc, asked.lang))["codes"][int(rest[0]) - 1]
    if rest[1] in ("code", "rival"):
        return code(own[rest[1]])
    return points(own["points_micro"]) if rest[1] == "points" else _value(own[rest[1]])


def _record(rest: Sequence[str], asked: Sources, fact: Fact) -> list[str]:
    domain, market = str(fact.get("of", fact.get("domain"))), fact.get("market")
    view = asked.once("record", domain, market, ask=lambda: to_json(asked.platform.verification().verify(domain, market)))
    told = words(asked.lang)
    if rest[0] == "status":
        titles = [told["text"][f"{view['status']}_title"]] if view["status"] != "registered" else []
        return _distinct([told["status"][view["status"]], *titles, view["status"]])
    if rest[0] in ("name_zh", "name_en", "uscc", "bound_since", "customs_code"):
        return _value(view["enterprise"][rest[0]])
    if rest[0] == "looks_like":
        return [one for warning in view["warnings"] if warning["code"] == "looks_like" for one in warning["domains"]]
    part = view[rest[0]]
    return _value(part["as_of"]) if rest[1] == "as_of" else _IN_RECORD[rest[0]](rest[1:], part["value"], told)


def _aeo(rest: Sequence[str], value: Json, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    if rest[0] in ("level", "sub_state"):
        return [told[rest[0]][value[rest[0]]]]
    if rest[0] == "rectification":
        return [told["rectification"][value["rectification"]["state"]]] if len(rest) == 1 else _value(value["rectification"][rest[1]])
    if rest[0] == "recognition":
        return [told["recognition"][value["mutual_recognition"]["state"]], *_value(value["mutual_recognition"]["zh"]), value["mutual_recognition"]["en"]]
    return _value(value["certificate"][rest[1]] if rest[0] == "certificate" else value[rest[0]])


def _anomalies(rest: Sequence[str], value: Json, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    if rest[0] in ("category", "severity", "outcome"):
        return [told[rest[0]][str(value["records"][int(rest[1]) - 1][rest[0]])]]
    if rest[0] == "total":
        return [*count(value["total"]), *([told["text"]["none_on_record"]] if value["total"] == 0 else [])]
    return _value(value[rest[0]])


def _shown_score(rest: Sequence[str], value: Json, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [told["band"][value["band"]]] if rest[0] == "band" else [str(value["score"])] if rest[0] == "score" else _value(value[rest[0]])


def _website(rest: Sequence[str], value: Json, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    if rest[0] == "reason":
        name = value["reasons"][int(rest[1]) - 1]
        return [name, told["reason"][name]]
    return [told["website"][value["state"]]] if rest[0] == "state" else _value(value[rest[0]])


def _tariff(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    line = asked.once("tariff", rest[0], ask=lambda: tariff_line(asked.platform.published.tariff, rest[0], asked.platform.today()))["line"]
    if rest[1] == "element":
        label = str(line["elements"][int(rest[2]) - 1]["label"])
        return _distinct([label, re.split("[（(]", label)[0]])
    return _distinct([line["name"], line["name_en"]]) if rest[1] == "name" else code(line["code"])


def _clause(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    """A record: what it says of itself, and what its facts say, in the language of the answer."""
    record = asked.once("clause", rest[0], ask=lambda: asked.platform.clauses.get(rest[0], asked.lang))
    value = record[rest[1]] if rest[1] in record else record["facts"][rest[1]]
    return [value[asked.lang]] if isinstance(value, dict) else _value(value)


def _candidates(rest: Sequence[str], asked: Sources, fact: Fact) -> list[str]:
    text = str(fact["of"])
    found = asked.once("candidates", text, ask=lambda: asked.platform.candidates.find(text))["candidates"][int(rest[0]) - 1]["code"]
    return [*code(found), *(code(found[:4]) if rest[1] == "heading" else [])]


def _policy(rest: Sequence[str], asked: Sources, _: Fact) -> list[str]:
    document = asked.once("policy", ask=lambda: parameters(asked.lang))
    if rest[0] == "dimension":
        one = next(one for one in document["dimensions"] if one["number"] == int(rest[1]))
        return [one["name"]] if rest[2] == "name" else count(one["weight"])
    return _value(document[rest[0]] if len(rest) == 1 else document[rest[0]][rest[1]])


_IN_RECORD: Mapping[str, Callable[[Sequence[str], Json, Mapping[str, Mapping[str, str]]], list[str]]] = {
    "aeo": _aeo,
    "anomalies": _anomalies,
    "score": _shown_score,
    "website": _website,
}
_HEADS: Mapping[str, Callable[[Sequence[str], Sources, Fact], list[str]]] = {
    "score": _score,
    "dimension": _dimension,
    "finding": _finding,
    "plan": _plan,
    "simulate": _simulate,
    "forecast": _forecast,
    "misclassified": _misclassified,
    "record": _record,
    "tariff": _tariff,
    "clause": _clause,
    "candidates": _candidates,
    "policy": _policy,
}
