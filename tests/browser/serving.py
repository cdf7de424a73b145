"""The platform as a buyer's browser reaches it: the local gateway on loopback, over records that follow from source events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import yaml

from ecid.ports import FactStore
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from tests.gateways import running
from tests.verification.cases import DOMAIN, Case, facts_of_case, record_of
from tests.verification.stores import Records

ROOT = Path(__file__).parents[2]
NOON = "2026-05-17T04:00:00Z"


def load_pages() -> dict[str, Case]:
    """The pages of `pages.yaml` by name."""
    pages: dict[str, Case] = yaml.safe_load(Path(__file__).with_name("pages.yaml").read_text("utf-8"))
    return pages


def domain_of(case: Case) -> str:
    """The domain that the events of a case are about."""
    return str(case["claims"][0].get("domain", DOMAIN)) if case.get("claims") else DOMAIN


def address_of(case: Case, lang: str) -> str:
    """Path and query under which a page is asked for."""
    query = {"domain": case.get("ask", domain_of(case)), "market": case.get("market", ""), "lang": lang}
    return f"{case.get('path', '/verify')}?{urlencode({key: value for key, value in query.items() if value})}"


@dataclass
class Served:
    """A running gateway at `origin`; what it knows is that of the last case shown."""

    origin: str
    _verification: Verification | None = None

    def show(self, case: Case) -> None:
        """From now on the store holds what follows from the events of `case`, and the clock stands at its time."""
        facts = facts_of_case(case)
        named = domain_of(case)
        records: Mapping[str, Mapping[str, Any]] = {named: record_of(facts, named)} if facts else {}
        store = Records(records, case.get("synced"), frozenset({named}) if case.get("down") else frozenset())
        now = datetime.fromisoformat(case.get("now", NOON))
        settings = Settings(
            operator="Nordwind Data",
            public_url=self.origin,
            public_anomalies=case.get("publication", "records"),
            sample_suffixes=case.get("reserved", "example"),
        )
        self._verification = Verification(cast("FactStore", store), lambda: now, settings)

    def verification(self) -> Verification:
        """What the function asks its composition root for."""
        assert self._verification is not None
        return self._verification


@contextmanager
def serving() -> Iterator[Served]:
    """The functions of `template.yaml` on a free loopback port, with the pack of this checkout."""
    with running(ROOT) as origin:
        yield Served(origin)
