"""The platform's list of frequently misclassified codes: once a quarter, of what every enterprise adds to it as of the last day of the quarter (score.md).

The daily run asks for it as long as the list of the quarter that ended last is not there: for every enterprise a summary, through the queue of score runs;
when all have come, or have been waited for long enough, the list is made of them. A list that was published is not made again: two lists of almost the same
lines would tell what is between them. Sample enterprises have no say in it. Summaries are kept, so that a list can be traced, until the next is made.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

from ecid.clearance.window import beijing_date
from ecid.errors import Language, NotFound
from ecid.feed.facts import PLATFORM_SUBJECT, Fact, domains_of, enterprise_subject, enterprises_of
from ecid.ports import FactStore, ObjectStore
from ecid.scoring.engine import Request, run
from ecid.scoring.misclassified import Summary, platform_list, summaries_of, to_json
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.services.authority import authority_of
from ecid.services.lodged_lines import lodged_lines
from ecid.services.published_list import LIST, revision_of

PATIENCE = timedelta(days=3)
"""After so many days the list is made without the enterprises whose summary has not come."""
_ROOT = "quarters/"
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Contribution:
    """What is kept of an enterprise for the list of a quarter: its summaries by code, and what tells who is related to it: names of its own, domains that it
    entered, and the manufacturers on its lines. Of a sample enterprise nothing but that it is one."""

    enterprise: str
    sample: bool
    names: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    manufacturers: tuple[str, ...] = ()
    summaries: tuple[Summary, ...] = ()


@dataclass(frozen=True, slots=True)
class MisclassifiedCodes:
    """The use case, bound to its stores, reference, policy and clock."""

    store: FactStore
    objects: ObjectStore
    reference: Callable[[], Reference]
    policy: Policy
    clock: Callable[[], datetime]

    def due(self) -> list[dict[str, str]]:
        """What the daily run has to ask for: the summaries that the list of the last quarter lacks. Where it lacks none, it is published.

        Messages are `{"enterprise": USCC, "quarter_end": day}`.
        """
        today = beijing_date(self.clock())
        end = quarter_end_before(today)
        published = self.store.get_record(LIST).record
        enterprises = enterprises_of(self.store.facts(PLATFORM_SUBJECT).facts)
        if not enterprises or (published and published["as_of"] >= end.isoformat()):
            return []
        there = {key.rpartition("/")[2].removesuffix(".json") for key in self.objects.keys(_folder(end))}
        missing = [uscc for uscc in enterprises if uscc not in there]
        if missing and today < self._asked_on(end, today) + PATIENCE:
            return [{"enterprise": uscc, "quarter_end": end.isoformat()} for uscc in missing]
        self._publish(end)
        return []

    def summarise(self, uscc: str, quarter_end: date) -> None:
        """Score an enterprise as of the last day of a quarter, and keep what it adds to the list. Asking for it twice changes nothing."""
        facts = self.store.facts(enterprise_subject(uscc)).facts
        sample = any(bool(fact.body.get("sample")) for fact in facts)
        told = Contribution(uscc, sample) if sample else self._contribution(uscc, facts, quarter_end)
        self.objects.put(f"{_folder(quarter_end)}{uscc}.json", json.dumps(_to_json(told), ensure_ascii=False, sort_keys=True).encode())

    def _contribution(self, uscc: str, facts: Sequence[Fact], quarter_end: date) -> Contribution:
        lines = lodged_lines(self.objects, uscc)
        made = run(lines, self.reference(), self.policy, Request(uscc, "feed", quarter_end, authority=authority_of(self.store, uscc)))
        names = {_plain(str(fact.body["legal_name_zh"])) for fact in facts if fact.body.get("legal_name_zh")}
        makers = {_plain(maker) for maker in lines["manufacturer"].drop_nulls().unique().to_list()}
        return Contribution(uscc, False, tuple(sorted(names)), domains_of(tuple(facts)), tuple(sorted(makers)), tuple(summaries_of(made)))

    def _asked_on(self, end: date, today: date) -> date:
        """The day on which summaries for a quarter were asked for first."""
        key = f"{_ROOT}{end}.json"
        try:
            return date.fromisoformat(json.loads(self.objects.get(key))["asked_on"])
        except NotFound:
            self.objects.put(key, json.dumps({"asked_on": today.isoformat()}).encode())
            return today

    def _publish(self, end: date) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            told = [_from_json(data, end) for data in pool.map(self.objects.get, self.objects.keys(_folder(end)))]
        counted = [one for one in told if not one.sample]
        summaries = (summary for one in counted for summary in one.summaries)
        codes = platform_list(summaries, related(counted), self.reference().confusions, end)
        languages: tuple[Language, ...] = get_args(Language)
        document = {"as_of": end.isoformat(), "codes": {lang: [to_json(rivalry, lang) for rivalry in codes] for lang in languages}}
        self.store.put_record(LIST, document, revision_of(end))
        self._forget_all_but(end)

    def _forget_all_but(self, end: date) -> None:
        kept = f"{_ROOT}{end}"
        for key in list(self.objects.keys(_ROOT)):
            if not key.startswith(kept):
                self.objects.delete(key)


def quarter_end_before(day: date) -> date:
    """The last day of the quarter that ended last before `day`."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return first - timedelta(days=1)


def related(told: Iterable[Contribution]) -> Iterator[tuple[str, str]]:
    """Pairs of enterprises that are related as far as the feeds tell: they entered the same domain, bear the same name, or one manufactures what the other
    exports."""
    named: dict[str, list[str]] = defaultdict(list)
    entered: dict[str, list[str]] = defaultdict(list)
    everyone = list(told)
    for one in everyone:
        for name in (*one.names, one.enterprise):
            named[name].append(one.enterprise)
        for domain in one.domains:
            entered[domain].append(one.enterprise)
    for group in (*named.values(), *entered.values()):
        yield from pairwise(group)
    for one in everyone:
        yield from ((one.enterprise, other) for maker in one.manufacturers for other in named.get(maker, ()) if other != one.enterprise)


def _folder(end: date) -> str:
    return f"{_ROOT}{end}/"


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _to_json(told: Contribution) -> dict[str, Any]:
    summaries = [{"code": one.code, "lines": one.lines, "found": one.found, "rules": dict(one.rules), "rivals": dict(one.rivals)} for one in told.summaries]
    texts = {"names": told.names, "domains": told.domains, "manufacturers": told.manufacturers}
    return {"enterprise": told.enterprise, "sample": told.sample, "summaries": summaries, **texts}


def _from_json(data: bytes, end: date) -> Contribution:
    told: Mapping[str, Any] = json.loads(data)
    uscc = told["enterprise"]
    summaries = [Summary(enterprise=uscc, as_of=end, **summary) for summary in told["summaries"]]
    texts = {name: tuple(told[name]) for name in ("names", "domains", "manufacturers")}
    return Contribution(uscc, told["sample"], summaries=tuple(summaries), **texts)
