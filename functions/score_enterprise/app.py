"""Score runs: asked for by the feed through a queue, and for every enterprise once a day, as the three-year window moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecid import bootstrap


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda entry point: SQS messages `{"enterprise": USCC}`, answered with those that failed, or the daily schedule."""
    return bootstrap.score_messages()(event)
