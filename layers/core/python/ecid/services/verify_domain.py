"""Verify a supplier's domain: normalise what was typed, read one record, judge it by the clock.

Only for a domain that nobody has registered are further reads made, to name the registered ones that it passes for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import get_args

from ecid.errors import EcidError, PayloadTooLarge
from ecid.identity.domains import Domain, lookalike_keys, looks_like, normalise
from ecid.identity.lookalikes import LookalikeKind
from ecid.ports import FactStore
from ecid.settings import Settings
from ecid.verification.shape import PublicView
from ecid.verification.view import Reader, public_view

BATCH_LIMIT = 100
"""Entries of one batch; a longer list is asked in pages."""

MOST_RESEMBLED = 5
"""Registered domains named in the warning about an unknown one; the ones hardest to tell apart come first."""
_MOST_ASKED = 25
_KINDS: tuple[LookalikeKind, ...] = get_args(LookalikeKind)

Clock = Callable[[], datetime]
"""Tells the time, aware."""


class TooManyDomains(PayloadTooLarge):
    """A batch of more domains than one request may ask for. Context: `limit`."""

    zh = "一次最多查询 {limit} 个域名；请分批提交。"
    en = "At most {limit} domains can be asked for at once; send the list in parts."


@dataclass(frozen=True, slots=True)
class Verification:
    """The use case, bound to a store, a clock and the operator's settings."""

    store: FactStore
    clock: Clock
    settings: Settings

    def verify(self, text: str, market: str | None = None) -> PublicView:
        """See `verify`."""
        return verify(text, self.store, self.clock, self.settings, market)

    def verify_batch(self, texts: Sequence[str], market: str | None = None) -> list[PublicView | EcidError]:
        """See `verify_batch`."""
        return verify_batch(texts, self.store, self.clock, self.settings, market)


def verify(text: str, store: FactStore, clock: Clock, settings: Settings, market: str | None = None) -> PublicView:
    """What is known of the domain that `text` names. `market`: the buyer's country (ISO 3166 code, `EU`, or its name), for mutual
    recognition.

    One read of the store for a domain that somebody has registered. Raises InvalidDomain and SourceUnavailable.
    """
    return _answer(normalise(text, settings.reserved_suffixes), store, Reader(clock(), settings.public_anomalies, market))


def verify_batch(texts: Sequence[str], store: FactStore, clock: Clock, settings: Settings, market: str | None = None) -> list[PublicView | EcidError]:
    """One answer an entry, in their order: the view, or the error that this entry alone met. Entries that name the same domain cost one read.

    Raises TooManyDomains over `BATCH_LIMIT` entries.
    """
    if len(texts) > BATCH_LIMIT:
        raise TooManyDomains(limit=BATCH_LIMIT)
    reader = Reader(clock(), settings.public_anomalies, market)
    known: dict[str, PublicView | EcidError] = {}
    answers: list[PublicView | EcidError] = []
    for text in texts:
        try:
            domain = normalise(text, settings.reserved_suffixes)
        except EcidError as error:
            answers.append(error)
            continue
        if domain.registrable not in known:
            try:
                known[domain.registrable] = _answer(domain, store, reader)
            except EcidError as error:
                known[domain.registrable] = error
        answers.append(known[domain.registrable])
    return answers


def _answer(domain: Domain, store: FactStore, reader: Reader) -> PublicView:
    stored = store.get_record(domain.registrable)
    known = stored.record is not None and stored.record["status"] != "unknown"
    return public_view(domain, stored.record, stored.synced, reader, () if known else _resembled(domain, store))


def _resembled(domain: Domain, store: FactStore) -> tuple[str, ...]:
    """The registered domains that `domain` passes for. One that was released or is contested since it was entered is not named."""
    found = looks_like(domain, store.get_lookalikes(lookalike_keys(domain.registrable)))
    hardest_first = sorted(found, key=lambda hit: (_KINDS.index(hit.kind), hit.known))
    return tuple(islice(_registered([hit.known for hit in hardest_first[:_MOST_ASKED]], store), MOST_RESEMBLED))


def _registered(domains: Sequence[str], store: FactStore) -> Iterator[str]:
    for domain in domains:
        record = store.get_record(domain).record
        if record is not None and record["status"] == "registered":
            yield domain
