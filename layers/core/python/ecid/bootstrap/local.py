"""The platform on this machine, for `ecid serve` and the other commands: the embedded engine, the local gateway, the samples."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecid.bootstrap.once import once
from ecid.bootstrap.wiring import Platform
from ecid.errors import BadInput, EcidError, SourceUnavailable, told
from ecid.settings import CHECKOUT

if TYPE_CHECKING:
    from socket import socket

    from ecid.adapters.embedded_engine import Engine
    from ecid.adapters.tokens import TokenReader
    from ecid.assistant.caller import Caller
    from ecid.ports import FactStore
    from ecid.scoring.placement import Placement
    from ecid.services.feed_samples import FedSample

_log = logging.getLogger(__name__)
_SCORED_WITHIN = 600.0
"""Seconds that a command waits for the score runs it caused."""
_SAMPLES_EVERY = 6 * 3600.0
"""Seconds: well within the 24 hours after which a source counts as stale."""


class LocalPlatform(Platform):
    """The platform on this machine, for `ecid serve` and the other commands: with no engine named, processes on the same home share one."""

    engine: Engine | None = None

    @once
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

    @once
    def callers(self) -> TokenReader:
        """See `Platform.callers`; where the settings name no keys, those of this machine, which are made."""
        if self.settings.issuer_keys:
            return super().callers
        from ecid.adapters.signing_keys import pair_in, public_of

        keys = public_of(pair_in(self.settings.home / "keys"))
        return replace(super().callers, keys=lambda _: keys)

    def token(self, caller: Caller, minutes: int) -> str:
        """A token of this machine, for so many minutes from now. Raises OSError, and BadInput where the settings name somebody else's keys."""
        if self.settings.issuer_keys:
            raise BadInput(detail={"zh": "ECID_ISSUER_KEYS 指定的是他人的密钥", "en": "ECID_ISSUER_KEYS names others' keys, which cannot sign here"})
        from ecid.adapters.signing_keys import pair_in
        from ecid.adapters.tokens import signed

        begins = int(self.now().timestamp())
        return signed(caller, pair_in(self.settings.home / "keys"), self.settings.issuer, self.settings.audience, (begins, begins + 60 * minutes))

    def placement(self) -> Placement | None:
        """See `Platform.placement`. On a machine a score does without where there is no index of what is loaded, and the log says so."""
        if self.has_index():
            return super().placement()
        _log.warning("dimensions 4 and 9 are not judged: there is no search index of what is loaded; `ecid knowledge build` makes it")
        return None

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
    from ecid.adapters.local_gateway import listen

    ended = threading.Event()
    threading.Thread(target=_warm, args=(local,), name="warm", daemon=True).start()
    if samples:
        threading.Thread(target=keep_samples, args=(local, ended), name="samples", daemon=True).start()
    try:
        listen(CHECKOUT, listening, refuse)
    finally:
        ended.set()


def _warm(local: LocalPlatform) -> None:
    """Load the assistant, which takes seconds, before the first question; what keeps it from answering is logged, and told again to who asks."""
    try:
        local.conversing().warm()
    except EcidError as error:
        _log.error("the assistant cannot answer: %s", told(error))


def keep_samples(local: LocalPlatform, ended: threading.Event, every: float = _SAMPLES_EVERY) -> None:
    """Take in the samples every so many seconds until `ended`; what failed is logged, and the next time comes all the same."""
    while not ended.wait(every):
        try:
            fed = feed_samples(local)
        except (EcidError, OSError, ValueError) as error:
            _log.error("the samples were not renewed: %s", told(error))
            continue
        for one in fed:
            for part, failure in one.failed.items():
                _log.error("of the sample %s was not renewed: %s: %s", one.sample.ask, part, told(failure))


def refuse(error: EcidError, event: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of the gateway itself to a request (payload 2.0) that it hands to no function: the problem document that every function gives."""
    from ecid import api

    lang = api.language_of(event["queryStringParameters"], event["headers"].get("accept-language", ""))
    answer = api.problem_response(error, lang, event["requestContext"]["requestId"])
    return {"statusCode": answer.status_code, "headers": {**answer.headers, "Content-Type": answer.content_type}, "body": answer.body}
