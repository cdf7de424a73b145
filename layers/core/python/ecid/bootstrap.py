"""The composition root: settings are read here once, and every use case is bound to its adapters, lazily, so that a function starts only what it uses."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ecid.errors import EcidError, SourceUnavailable
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of
from ecid.settings import CHECKOUT, Settings, settings_from

if TYPE_CHECKING:
    from socket import socket
    from threading import Event

    from ecid.adapters.embedded_engine import Engine
    from ecid.knowledge.retrieval.index_files import Manifest
    from ecid.ports import FactStore, ObjectStore, Queue
    from ecid.scoring.reference import Reference
    from ecid.services.feed_samples import FedSample
    from ecid.services.ingest_events import Ingestion
    from ecid.services.score_enterprise import Scoring
    from ecid.services.search_clauses import Clauses
    from ecid.services.verify_domain import Verification
    from ecid.verification.page import Sample

_log = logging.getLogger(__name__)
_SCORED_WITHIN = 600.0
"""Seconds that a command waits for the score runs it caused."""
_SAMPLES_EVERY = 6 * 3600.0
"""Seconds: well within the 24 hours after which a source counts as stale."""


class Platform:
    """Every use case bound to the adapters that the settings name. Nothing is started before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def now(self) -> datetime:
        """The clock of the platform: aware, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The civil date in Beijing."""
        return (self.now() + timedelta(hours=8)).date()

    @cached_property
    def store(self) -> FactStore:
        """Events, facts and records."""
        from ecid.adapters.dynamodb import DynamoFactStore, dynamodb_client

        return DynamoFactStore(dynamodb_client(self.settings), self.settings)

    @cached_property
    def objects(self) -> ObjectStore:
        """Declarations and results."""
        from ecid.adapters.object_store import FolderStore, S3Store, s3_client

        if self.settings.objects:
            return S3Store(s3_client(), self.settings.objects)
        return FolderStore(self.settings.home / "objects")

    @cached_property
    def scores(self) -> Queue:
        """Requests for score runs: SQS, or a worker thread of this process."""
        from ecid.adapters.queue import InProcessQueue, SqsQueue, sqs_client

        if self.settings.score_queue:
            return SqsQueue(sqs_client(), self.settings.score_queue)
        return InProcessQueue(self.score_messages)

    @cache  # noqa: B019 - one platform lives as long as its process
    def reference(self) -> Reference:
        """The tariff as loaded from the pack and from what was imported, and exchange rates."""
        from ecid.adapters.knowledge_files import load_reference

        return load_reference([self.settings.pack_dir, self.settings.home / "knowledge"])

    @cached_property
    def clauses(self) -> Clauses:
        """Clause search, in the index that `make_index` made."""
        from ecid.adapters.clause_index import open_clauses

        return open_clauses(self.settings, self.now)

    def make_index(self) -> Manifest:
        """Make the search index from everything that is loaded, unless there is one of the very same."""
        from ecid.adapters.clause_index import make_index

        return make_index(self.settings)

    def verification(self) -> Verification:
        """The use case behind page, record and batch."""
        from ecid.services.verify_domain import Verification

        return Verification(self.store, self.now, self.settings)

    def ingest(self) -> Ingestion:
        """The use case behind the feed."""
        from ecid.services.ingest_events import Ingestion
        from ecid.verification.record import build_record

        return Ingestion(self.store, self.objects, self.scores, build_record, self.now, self.settings.reserved_suffixes)

    def scoring(self) -> Scoring:
        """The use case behind the score run."""
        from ecid.scoring.policy import load_policy
        from ecid.services.score_enterprise import Scoring
        from ecid.verification.record import build_record

        return Scoring(self.store, self.objects, self.reference, load_policy(), self.now, build_record)

    def score_messages(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Score the enterprises that an SQS event names, each once; messages that failed come back as batch item failures.

        An event of the daily schedule asks for every enterprise, through the same queue.
        """
        if "Records" not in event:  # the daily schedule: the three-year window moved for everybody
            for uscc in enterprises_of(self.store.facts(PLATFORM_SUBJECT).facts):
                self.scores.send({"enterprise": uscc})
            return {}
        failures: list[dict[str, str]] = []
        done: set[str] = set()
        for record in event["Records"]:
            try:
                uscc = str(json.loads(record["body"])["enterprise"])
                if uscc not in done:
                    self.scoring().run(uscc)
                done.add(uscc)
            except Exception as error:  # noqa: BLE001 - whatever fails for one enterprise is not the others'
                _log.error("score run failed, message %s: %s", record["messageId"], _told(error))
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}


def _told(error: Exception) -> str:
    """What a log may say: the sentence of our own errors; of others type and places only, for their message may carry what a declaration said."""
    if isinstance(error, EcidError):
        return f"{error.code}: {error}"
    return f"{type(error).__name__} at {[f'{frame.filename}:{frame.lineno}' for frame in traceback.extract_tb(error.__traceback__)]}"


class LocalPlatform(Platform):
    """The platform on this machine, for `ecid serve` and the other commands: with no engine named, processes on the same home share one."""

    engine: Engine | None = None

    @cached_property
    def store(self) -> FactStore:
        """See `Platform.store`; tables that are missing are made."""
        from ecid.adapters.dynamodb import DynamoFactStore, create_tables, dynamodb_client
        from ecid.adapters.embedded_engine import start_engine

        settings = self.settings
        if not settings.dynamodb_endpoint:
            self.engine = start_engine(settings.home / "platform.db", [CHECKOUT])
            settings = replace(settings, dynamodb_endpoint=self.engine.endpoint)
        client = dynamodb_client(settings)
        create_tables(client, settings)
        return DynamoFactStore(client, settings)

    def close(self) -> None:
        """Finish the score runs that were asked for, then leave the engine, which ends with its last user."""
        from ecid.adapters.queue import InProcessQueue

        scores = self.__dict__.get("scores")
        if isinstance(scores, InProcessQueue):
            scores.drain(_SCORED_WITHIN)
            scores.close()
        if self.engine:
            self.engine.close()

    def unscored(self) -> list[str]:
        """Wait for the score runs asked for in this process, and answer with the enterprises whose run failed for good, sorted.

        Raises SourceUnavailable when the runs do not end in time.
        """
        from ecid.adapters.queue import InProcessQueue

        if not isinstance(self.scores, InProcessQueue):
            return []
        if not self.scores.drain(_SCORED_WITHIN):
            raise SourceUnavailable
        return sorted({str(json.loads(body)["enterprise"]) for body in self.scores.dead_letters})


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


def feed_samples(local: LocalPlatform) -> list[FedSample]:
    """Take in the samples, have every enterprise scored, and answer with what became of each sample, in the order in which they are shown."""
    from ecid.services.feed_samples import feed_samples as feed

    fed = feed(local.settings.pack_dir / "samples", local.ingest(), local.now())
    local.score_messages({})
    unscored = local.unscored()
    return [replace(one, unscored=tuple(uscc for uscc in one.enterprises if uscc in unscored)) for one in fed]


def reserve(port: int) -> socket:
    """The port on the loopback interface, taken for `serve`. Raises OSError when it cannot be had."""
    from ecid.adapters.local_gateway import reserve as taken

    return taken(port)


def serve(local: LocalPlatform, listening: socket, samples: bool) -> None:
    """Serve the functions of `template.yaml` on a reserved port until interrupted; with `samples`, keep their sources up to date meanwhile."""
    import threading

    from ecid.adapters.local_gateway import listen

    ended = threading.Event()
    if samples:
        threading.Thread(target=keep_samples, args=(local, ended), name="samples", daemon=True).start()
    try:
        listen(CHECKOUT, listening, refuse)
    finally:
        ended.set()


def keep_samples(local: LocalPlatform, ended: Event, every: float = _SAMPLES_EVERY) -> None:
    """Take in the samples every so many seconds until `ended`; what failed is logged, and the next time comes all the same."""
    while not ended.wait(every):
        try:
            fed = feed_samples(local)
        except (EcidError, OSError, ValueError) as error:
            _log.error("the samples were not renewed: %s", _told(error))
            continue
        for one in fed:
            for part, failure in one.failed.items():
                _log.error("of the sample %s was not renewed: %s: %s", one.sample.ask, part, _told(failure))


def refuse(error: EcidError, event: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of the gateway itself to a request (payload 2.0) that it hands to no function: the problem document that every function gives."""
    from ecid import api

    lang = api.language_of(event["queryStringParameters"], event["headers"].get("accept-language", ""))
    answer = api.problem_response(error, lang, event["requestContext"]["requestId"])
    return {"statusCode": answer.status_code, "headers": {**answer.headers, "Content-Type": answer.content_type}, "body": answer.body}
