"""Make the public records of an enterprise anew from its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ecid.feed.facts import Fact, claimants_of, domain_subject, domains_of, enterprise_subject
from ecid.ports import FactStore
from ecid.verification.record import holders

Project = Callable[[str, Sequence[Fact], Sequence[Fact]], Mapping[str, Any]]
"""The pure function from a domain, the facts of the domain and those of its one holder (none where there is not exactly one) to the record."""


def project_enterprise(uscc: str, store: FactStore, project: Project) -> None:
    """Rebuild the record of every domain that the enterprise ever entered. Call it after every change of its facts; repeating it changes nothing.

    Raises SourceUnavailable, and then may be repeated.
    """
    for domain in domains_of(store.facts(enterprise_subject(uscc)).facts):
        _project(domain, store, project)


def _project(domain: str, store: FactStore, project: Project) -> None:
    """The record's revision is the sum of the revisions of all that it could be made from.

    Each of them only grows, and so does the set of claimants, since a released domain stays a fact. So of all pictures of a domain the one with every
    newest fact has the largest sum, and whoever changes a fact last makes that picture.
    """
    claims = store.facts(domain_subject(domain))
    parties = {uscc: store.facts(enterprise_subject(uscc)) for uscc in claimants_of(claims.facts)}
    owners = holders(claims.facts)
    facts = parties[owners[0]].facts if len(owners) == 1 else ()
    store.put_record(domain, project(domain, claims.facts, facts), claims.revision + sum(party.revision for party in parties.values()))
