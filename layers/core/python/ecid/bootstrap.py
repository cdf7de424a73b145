"""The composition root: settings are read here once, and every use case is bound to its adapters, lazily, so that a function starts only what it uses."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ecid.errors import EcidError
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of
from ecid.settings import CHECKOUT, Settings, settings_from

if TYPE_CHECKING:
    from ecid.adapters.embedded_engine import Engine
    from ecid.ports import FactStore, ObjectStore, Queue
    from ecid.scoring.reference import Reference
    from ecid.services.ingest_events import Ingestion
    from ecid.services.score_enterprise import Scoring
    from ecid.services.verify_domain import Verification

_log = logging.getLogger(__name__)
_ENGINE_FILE = "engine.json"
_SAMPLES_EVERY = 6 * 3600.0
"""Seconds: well within the 24 hours after which a source counts as stale."""


class Platform:
    """Every use case bound to the adapters that the settings name. Nothing is started before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def now(self) -> datetime:
        """The clock of the platform: aware, UTC."""
        return datetime.now(UTC)

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
            except (EcidError, KeyError, TypeError, ValueError) as error:
                _log.error("score run failed: %s, message %s", type(error).__name__, record["messageId"])
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}


class LocalPlatform(Platform):
    """The platform on this machine, for `ecid serve` and the other commands: with no engine named, the one that runs already is used, else one is started."""

    engine: Engine | None = None

    @cached_property
    def store(self) -> FactStore:
        """See `Platform.store`; tables that are missing are made."""
        from ecid.adapters.dynamodb import DynamoFactStore, create_tables, dynamodb_client
        from ecid.adapters.embedded_engine import start_engine

        settings = self.settings
        if not settings.dynamodb_endpoint:
            running = self._running()
            if running is None:
                self.engine = start_engine(settings.home / "platform.db", [CHECKOUT])
                running = self.engine.endpoint
                self._engine_file.write_text(json.dumps({"endpoint": running}), "utf-8")
            settings = replace(settings, dynamodb_endpoint=running)
        client = dynamodb_client(settings)
        create_tables(client, settings)
        return DynamoFactStore(client, settings)

    def close(self) -> None:
        """Finish the score runs that were asked for, then end the engine if it is ours."""
        from ecid.adapters.queue import InProcessQueue

        scores = self.__dict__.get("scores")
        if isinstance(scores, InProcessQueue):
            scores.drain(timeout=600)
            scores.close()
        if self.engine:
            self._engine_file.unlink(missing_ok=True)
            self.engine.close()

    @property
    def _engine_file(self) -> Any:
        self.settings.home.mkdir(parents=True, exist_ok=True)
        return self.settings.home / _ENGINE_FILE

    def _running(self) -> str | None:
        """The address of the engine that another process of ours keeps running on the same home, if it still does."""
        from ecid.adapters.embedded_engine import is_up

        try:
            endpoint = str(json.loads(self._engine_file.read_text("utf-8"))["endpoint"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return endpoint if endpoint.startswith("http://127.0.0.1:") and is_up(endpoint) else None


@cache
def platform() -> Platform:
    """The platform of this process. On a machine without `AWS_LAMBDA_FUNCTION_NAME` it is local."""
    settings = settings_from(os.environ)
    return Platform(settings) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else LocalPlatform(settings)


@cache
def verification() -> Verification:
    """The use case behind page, record and batch, of this process."""
    return platform().verification()


@cache
def ingest() -> Ingestion:
    """The use case behind the feed, of this process."""
    return platform().ingest()


def score_messages() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The use case behind the score queue, of this process."""
    return platform().score_messages


def feed_samples(local: LocalPlatform) -> list[str]:
    """Take in the sample enterprises, wait for their scores, and answer with their domains."""
    from ecid.adapters.queue import InProcessQueue
    from ecid.services.feed_samples import feed_samples as feed

    samples = feed(local.settings.pack_dir / "samples", local.ingest(), local.now())
    local.score_messages({})
    if isinstance(local.scores, InProcessQueue):
        local.scores.drain(timeout=120)
    return [sample.domain for sample in samples]


def serve(local: LocalPlatform, port: int, samples: bool) -> None:
    """Serve the functions of `template.yaml` on the loopback interface until interrupted; with `samples`, keep their sources up to date meanwhile."""
    import threading

    from ecid.adapters.local_gateway import listen

    ended = threading.Event()

    def keep_up() -> None:
        while not ended.wait(_SAMPLES_EVERY):
            feed_samples(local)

    if samples:
        threading.Thread(target=keep_up, name="samples", daemon=True).start()
    try:
        listen(CHECKOUT, port)
    finally:
        ended.set()
