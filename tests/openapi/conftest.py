"""The API as it is really served: the checkout's template and functions behind the local gateway on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecid import bootstrap
from ecid.bootstrap import LocalPlatform, Platform
from ecid.services.published_list import LIST
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from tests.gateways import running
from tests.small_home import SmallPlatform, answering
from tests.verification.cases import DOMAIN, facts_of_case, load_cases, record_of
from tests.verification.stores import Records, verification

ROOT = Path(__file__).parents[2]
DOWN = "down.example"


@contextmanager
def served(verifying: Verification, knowing: Platform) -> Iterator[str]:
    """The address of the API over `verifying` and over what `knowing` knows, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "verification", lambda: verifying)
        patch.setattr(bootstrap, "record_store", lambda: verifying.store)
        answering(patch, knowing)
        with running(ROOT) as address:
            yield address


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory, small: SmallPlatform) -> Iterator[str]:
    """The API over a store of its own that holds the sample enterprises, and over a small pack."""
    local = LocalPlatform(Settings(home=tmp_path_factory.mktemp("home"), operator="Nordwind Data", public_url="https://verify.example.com"))
    bootstrap.feed_samples(local)
    with served(local.verification(), small) as address:
        yield address
    local.close()


@pytest.fixture(scope="module")
def address(small: SmallPlatform) -> Iterator[str]:
    """The API over one record in memory, at a fixed time, one domain that cannot be asked about, and a small pack."""
    with served(_one_record(), small) as address:
        yield address


@pytest.fixture
def unindexed(tmp_path: Path) -> Iterator[str]:
    """The API of an installation whose knowledge cannot be read, nor its quarterly list."""
    (tmp_path / "tariff").mkdir()
    (tmp_path / "tariff" / "85.toml").write_text("[[")
    with served(_one_record(frozenset({LIST})), Platform(Settings(home=tmp_path, pack_dir=tmp_path))) as address:
        yield address


def _one_record(down: frozenset[str] = frozenset({DOWN})) -> Verification:
    case = load_cases()["full record"]
    return verification(Records({DOMAIN: record_of(facts_of_case(case))}, case["synced"], down))
