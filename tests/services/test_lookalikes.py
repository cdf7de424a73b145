"""An unknown domain that passes for a registered one is answered with a warning that names it; nothing else is ever named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.services.ingest_events import Ingestion
from ecid.services.verify_domain import MOST_RESEMBLED, verify, verify_batch
from ecid.settings import Settings
from ecid.verification.shape import Caution
from tests.adapters.engines import fact_store
from tests.services.test_ingest_events import ENTERPRISES, EVENT, NOW, REGISTERED, made, take

SAMPLES = Path(__file__).parents[2] / "knowledge" / "samples"


@pytest.fixture(params=["moto", "embedded"])
def ingestion(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Ingestion]:
    with fact_store(request.param, tmp_path_factory.getbasetemp()) as store:
        yield made(store, tmp_path)


def entry(domain: str, number: int, enterprise: str = ENTERPRISES[0], **changes: Any) -> str:
    event = json.loads(REGISTERED)
    data = {**event["data"], "domain": domain, **changes}
    return json.dumps({**event, "id": f"entry-{number}", "sequence": number, "enterprise": enterprise, "data": data})


def resembled(ingestion: Ingestion, domain: str) -> tuple[str, ...]:
    view = verify(domain, ingestion.store, lambda: NOW, Settings())
    assert all(caution.code == "looks_like" for caution in view.warnings)
    return tuple(name for caution in view.warnings for name in caution.domains)


@pytest.mark.parametrize(
    "typed", ["y0ngsheng-tools.example", "yongsheng-too1s.example", "yongshengtools.example", "yongsheng-tools.com", "yоngsheng-tools.com"]
)
def test_an_unknown_domain_that_passes_for_a_registered_one(ingestion: Ingestion, typed: str) -> None:
    take(ingestion, [REGISTERED])
    view = verify(typed, ingestion.store, lambda: NOW, Settings())
    assert view.status == "unknown"
    assert Caution("looks_like", ("yongsheng-tools.example",)) in view.warnings


def test_the_samples_have_look_alikes_too(ingestion: Ingestion) -> None:
    later = replace(ingestion, clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    take(later, [line for line in (SAMPLES / "brightcell" / "events.jsonl").read_text("utf-8").splitlines() if '"domain.registered"' in line])
    assert resembled(ingestion, "br1ghtcell.example") == ("brightcell.example",)


def test_others_are_not_warned_about(ingestion: Ingestion) -> None:
    take(ingestion, [REGISTERED])
    assert resembled(ingestion, "yongsheng-tools.example") == ()
    assert resembled(ingestion, "nordwind.example") == ()
    assert resembled(ingestion, "yongsheng.example") == ()


def test_a_registered_domain_costs_one_read(ingestion: Ingestion) -> None:
    take(ingestion, [REGISTERED])
    store = Mock(wraps=ingestion.store)
    verify("yongsheng-tools.example", store, lambda: NOW, Settings())
    assert [call[0] for call in store.method_calls] == ["get_record"]


@pytest.mark.parametrize("backwards", [False, True])
def test_released_contested_and_unproven_domains_are_not_named(ingestion: Ingestion, *, backwards: bool) -> None:
    events = [
        entry("alphatool.example", 1),
        entry("alphatool.example", 2, released=True),
        entry("betatool.example", 3),
        entry("betatool.example", 4, enterprise=ENTERPRISES[1]),
        entry("gammatool.example", 5, proof=None),
        entry("deltatool.example", 6, released=True),
        entry("deltatool.example", 7),
    ]
    take(ingestion, events[::-1] if backwards else events, 1)
    named = {name: resembled(ingestion, f"{name}.com") for name in ("alphatool", "betatool", "gammatool", "deltatool")}
    assert named == {"alphatool": (), "betatool": (), "gammatool": (), "deltatool": ("deltatool.example",)}


def test_a_domain_given_up_may_pass_for_its_successor(ingestion: Ingestion) -> None:
    take(ingestion, [EVENT["aeo-2026-000151"], EVENT["aeo-2026-000152"], entry("old-shops.example", 1)])
    assert resembled(ingestion, "old-shop.example") == ("old-shops.example",)


def test_a_few_are_named_the_hardest_to_tell_apart_first(ingestion: Ingestion) -> None:
    suffixes = ("cn", "com.cn", "net", "org", "de", "fr", "eu")
    take(ingestion, [entry(f"yongsheng.{suffix}", number, sample=False) for number, suffix in enumerate(suffixes)])
    take(ingestion, [entry("yongshang.com", 90, sample=False), entry("y0ngsheng.de", 91, sample=False)])
    named = resembled(ingestion, "yongsheng.com")
    assert len(named) == MOST_RESEMBLED
    assert named[:2] == ("y0ngsheng.de", "yongshang.com")


def test_a_batch_warns_as_well(ingestion: Ingestion) -> None:
    take(ingestion, [REGISTERED])
    answers = verify_batch(["y0ngsheng-tools.example", "yongsheng-tools.example"], ingestion.store, lambda: NOW, Settings())
    assert [len(answer.warnings) for answer in answers] == [1, 0]  # type: ignore[union-attr]


def test_the_store_is_asked_for_no_more_than_one_page_of_keys(ingestion: Ingestion) -> None:
    assert isinstance(ingestion.store, DynamoFactStore)
    long = "a" * 31 + "-" + "b" * 31
    take(ingestion, [entry(f"{long}.example", 1)])
    assert resembled(ingestion, f"{long[:-1]}.example") == (f"{long}.example",)
