"""The whole feed, declarations and score run included: replayed twice, backwards and shuffled, it changes nothing."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.services import feed_samples
from tests.adapters.engines import fact_store
from tests.services.test_samples import NOW, PACK, House

REFERENCE = load_reference([PACK])
USCC = "914403005867203466"


def _events() -> list[dict[str, Any]]:
    folder = PACK / "samples" / "harborlight"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
    lodged = list(feed_samples._declarations(folder / "declarations.csv", USCC, NOW))[:60]
    changed = [_changed(event, number) for number, event in enumerate(lodged[::15])]
    return [*events, *lodged, *changed, *[feed_samples._synced(source, datetime(2026, 11, 23, 3, tzinfo=UTC)) for source in ("aeo", "single_window")]]


def _changed(lodged: dict[str, Any], number: int) -> dict[str, Any]:
    """The declaration cancelled, or amended by leaving out all lines but the first."""
    data = lodged["data"] | {"accepted_on": "2026-11-02", "cause": "ordered_by_customs"}
    kind = "declaration.amended" if number % 2 else "declaration.cancelled"
    kept = data | {"lines": data["lines"][:1]} if number % 2 else {name: data[name] for name in ("declaration_no", "declared_on", "accepted_on", "cause")}
    return lodged | {"id": f"changed-{number}", "type": kind, "effective_at": "2026-11-02T10:00:00+08:00", "data": kept}


def _picture(events: list[dict[str, Any]], engine: str, folder: Path, objects: Path) -> dict[str, Any]:
    with fact_store(engine, folder) as store:
        house = House(store, objects, REFERENCE)
        for start in range(0, len(events), 7):
            batch = house.ingestion.batch([(str(n), json.dumps(event)) for n, event in enumerate(events[start : start + 7])])
            assert batch.failed == {}
        facts = {fact.name: (fact.body if fact.name == "score" else fact) for fact in store.facts(f"enterprise#{USCC}").facts}
        return {"record": house.record("harborlight.example"), "facts": facts}


@pytest.mark.parametrize("engine", ["moto", "embedded"])
def test_order_and_repetition_change_nothing(engine: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    events = _events()
    shuffled = random.Random(7).sample(events, len(events))  # noqa: S311 - an order, not a secret
    orders = {"once": events, "shuffled": shuffled} | ({"twice": events + events, "reversed": events[::-1]} if engine == "embedded" else {})
    base = tmp_path_factory.getbasetemp()
    pictures = {name: _picture(order, engine, base, tmp_path / name) for name, order in orders.items()}
    assert pictures["once"]["record"]["score"]["value"]["score"] is not None
    for name, picture in pictures.items():
        assert picture == pictures["once"], name
