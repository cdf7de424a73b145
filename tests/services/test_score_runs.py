"""Which of several score runs stays: the one that knew most, whatever the clocks say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters.knowledge_files import load_reference
from tests.adapters.engines import ENGINES, fact_store
from tests.services.test_ingest_events import ENTERPRISES, EVENT
from tests.services.test_samples import PACK, House

USCC = ENTERPRISES[0]
REFERENCE = load_reference([PACK])


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fact_store(request.param, tmp_path_factory.getbasetemp()) as store:
        yield House(store, tmp_path, REFERENCE)


def take(house: House, *events: str) -> None:
    assert house.ingestion.batch([(str(number), event) for number, event in enumerate(events)]).failed == {}


def insufficient(house: House) -> str:
    """Why there is no score: with a few declarations another reason than with none."""
    (fact,) = (fact for fact in house.store.facts(f"enterprise#{USCC}").facts if fact.name == "score")
    return str(fact.body["insufficient_data"]["reason"])


def cancellation_of(event: str) -> str:
    lodged = json.loads(event)
    cancelled: dict[str, Any] = json.loads(EVENT["sw-dec-5530044"])
    told = {"declaration_no": lodged["data"]["declaration_no"], "declared_on": lodged["data"]["declared_on"], "accepted_on": "2026-05-01"}
    return json.dumps({**cancelled, "id": f"cancelled-{lodged['id']}", "effective_at": "2026-05-01T10:00:00+08:00", "data": {**cancelled["data"], **told}})


@pytest.mark.parametrize("meanwhile", [timedelta(0), timedelta(seconds=-2), timedelta(seconds=2)], ids=["same instant", "clock behind", "clock ahead"])
def test_a_score_follows_a_cancellation_at_once(house: House, meanwhile: timedelta) -> None:
    declared = EVENT["sw-dec-5520001"]
    take(house, declared)
    assert insufficient(house) == "too_few"
    house.now += meanwhile
    take(house, cancellation_of(declared))
    assert insufficient(house) == "no_declarations"
    house.now += meanwhile
    take(house, declared)
    assert insufficient(house) == "no_declarations"


def test_a_run_that_was_overtaken_puts_nothing_old_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a first run is between reading the lines and storing its score, the declaration is cancelled and a second run ends."""
    declared = EVENT["sw-dec-5520001"]
    take(house, declared)
    overtaken: list[bool] = []
    keep = house.objects.put

    def slow(key: str, data: bytes) -> None:
        if key.startswith("results/") and not overtaken:
            overtaken.append(True)
            house.now += timedelta(seconds=1)
            take(house, cancellation_of(declared))
        keep(key, data)

    monkeypatch.setattr(type(house.objects), "put", lambda _, key, data: slow(key, data))
    house.now += timedelta(days=1)
    house.scoring.run(USCC)
    assert overtaken
    assert insufficient(house) == "no_declarations"
