"""The composition root: settings are read here once, and every use case is bound to its adapters. What a function asks for is here; it is one in a process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from ecid.bootstrap.local import LocalPlatform, feed_samples, keep_samples, refuse, reserve, serve
from ecid.bootstrap.wiring import Platform
from ecid.errors import SourceUnavailable, UnreadableFile, told
from ecid.settings import settings_from

if TYPE_CHECKING:
    from datetime import date

    from ecid.adapters.tokens import TokenReader
    from ecid.ports import FactStore
    from ecid.services.check_draft import Knowledge
    from ecid.services.converse import Conversing
    from ecid.services.find_candidates import Candidates
    from ecid.services.ingest_events import Ingestion
    from ecid.services.search_clauses import Clauses
    from ecid.services.verify_domain import Verification
    from ecid.tariff.reference import Tariff
    from ecid.verification.page import Sample

__all__ = [
    "IndexUnavailable",
    "LocalPlatform",
    "Platform",
    "callers",
    "candidates",
    "clauses",
    "conversing",
    "draft_knowledge",
    "feed_samples",
    "fill_snapshot",
    "ingest",
    "keep_samples",
    "platform",
    "reading",
    "record_store",
    "refuse",
    "reserve",
    "samples_to_try",
    "score_messages",
    "serve",
    "tariff",
    "verification",
    "warm_assistant",
]
_log = logging.getLogger(__name__)


@cache
def platform() -> Platform:
    """The platform of this process. On a machine without `AWS_LAMBDA_FUNCTION_NAME` it is local."""
    settings = settings_from(os.environ)
    return Platform(settings) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else LocalPlatform(settings)


@cache
def verification() -> Verification:
    """The use case behind page, record and batch, of this process."""
    return platform().verification()


def fill_snapshot() -> None:
    """Under SnapStart, do once, for the snapshot, what else every first request would wait for: the store's client and the page's template."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from ecid.verification.page import Site, start_page

        start_page(Site("", ""), "en")
        verification()


@cache
def ingest() -> Ingestion:
    """The use case behind the feed, of this process."""
    return platform().ingest()


def samples_to_try() -> tuple[Sample, ...]:
    """What the start page offers to try: the list of the pack, where this installation takes in samples; else, and without such a list, nothing."""
    from ecid.verification.page import samples_of

    settings = verification().settings
    listed = settings.pack_dir / "samples" / "samples.toml"
    return samples_of(listed.read_text("utf-8")) if settings.reserved_suffixes and listed.is_file() else ()


def score_messages() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The use case behind the score queue, of this process."""
    return platform().score_messages


def conversing() -> Conversing:
    """Conversations with the assistant, of this process."""
    return platform().conversing()


def warm_assistant() -> None:
    """In AWS, load what the first question would wait for while the sandbox starts. Raises EcidError where the chosen model cannot be used; an index that
    cannot be opened is logged, and missed by the questions that need it."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        conversing().warm()
        with suppress(IndexUnavailable), reading():
            _ = clauses(), candidates(), tariff()


def callers() -> TokenReader:
    """Who asks, by the access token shown, of this process."""
    return platform().callers


@cache
def clauses() -> Clauses:
    """Clause search, of this process. Raises UnreadableFile, and looks again when asked again."""
    return platform().clauses


@cache
def candidates() -> Candidates:
    """Candidate headings, of this process. Raises UnreadableFile, and looks again when asked again."""
    return platform().candidates


@cache
def record_store() -> FactStore:
    """The store of records, of this process."""
    return platform().store


def draft_knowledge(day: date) -> Knowledge:
    """What a draft is held against, on a day. Raises UnreadableFile, and looks again when asked again."""
    return platform().draft_knowledge(day)


@cache
def tariff() -> Tariff:
    """The loaded tariffs, of this process. Raises UnreadableFile, and looks again when asked again."""
    return platform().published.tariff


class IndexUnavailable(SourceUnavailable):
    """What is searched is missing or damaged on this installation."""

    zh = "检索所用的资料暂时无法打开，请稍后再试；这不代表任何结论。"
    en = "What is searched cannot be opened at the moment; please try again. This says nothing about what was asked."


@contextmanager
def reading() -> Iterator[None]:
    """What of our own cannot be read is the operator's matter, whom the log tells; who asked is told that it is none of theirs. Raises IndexUnavailable."""
    try:
        yield
    except UnreadableFile as error:
        _log.error("the knowledge of this installation cannot be read: %s", told(error))
        raise IndexUnavailable from error
