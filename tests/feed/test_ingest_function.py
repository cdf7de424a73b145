"""The worker function: an SQS event in, the failed messages out, and nothing of the events in the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ecid import bootstrap
from ecid.errors import EventConflict, InvalidEvent
from ecid.services.ingest_events import Batch
from functions.ingest_events import app


class Ingestion:
    """Refuses what says so."""

    def batch(self, messages: Sequence[tuple[str, str]]) -> Batch:
        errors = {"spoilt": InvalidEvent(reason="data.domain: secret.example"), "reused": EventConflict(id="aeo-1")}
        failed = {message_id: errors[body] for message_id, body in messages if body in errors}
        return Batch(len(messages) - len(failed), 0, failed)


def sqs_event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs"} for number, body in enumerate(bodies)]}


@pytest.mark.parametrize(
    ("bodies", "failed"),
    [([], []), (["fine"], []), (["fine", "spoilt", "fine", "reused"], ["m-1", "m-3"])],
)
def test_failed_messages_come_back(monkeypatch: pytest.MonkeyPatch, bodies: list[str], failed: list[str]) -> None:
    monkeypatch.setattr(bootstrap, "ingest", Ingestion)
    assert app.handler(sqs_event(*bodies), None) == {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def test_logs_hold_ids_codes_and_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "ingest", Ingestion)
    app.handler(sqs_event("fine", "spoilt"), None)
    logged = capsys.readouterr()
    assert "secret" not in logged.out + logged.err
    assert "spoilt" not in logged.out + logged.err
