"""The API as it is really served: the checkout's template and functions behind the local gateway on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecid import bootstrap
from ecid.adapters.local_gateway import reserve
from ecid.assistant.caller import Caller
from ecid.assistant.conversation import Turn
from ecid.bootstrap import LocalPlatform, Platform
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of
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
def served(verifying: Verification, knowing: Platform, talking: Platform) -> Iterator[str]:
    """The address of the API over `verifying`, over what `knowing` knows and the conversations of `talking`, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "verification", lambda: verifying)
        patch.setattr(bootstrap, "record_store", lambda: verifying.store)
        answering(patch, knowing)
        patch.setattr(bootstrap, "callers", lambda: talking.callers)
        patch.setattr(bootstrap, "conversing", talking.conversing)
        with running(ROOT) as address:
            yield address


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A platform with a store of its own that holds the sample enterprises."""
    local = LocalPlatform(Settings(home=tmp_path_factory.mktemp("home"), operator="Nordwind Data", public_url="https://verify.example.com"))
    bootstrap.feed_samples(local)
    yield local
    local.close()


@pytest.fixture(scope="module")
def sampled(holding: LocalPlatform, small: SmallPlatform) -> Iterator[str]:
    """The API over the sample enterprises, and over a small pack."""
    with served(holding.verification(), small, holding) as address:
        yield address


@pytest.fixture(scope="module")
def supplier(holding: LocalPlatform) -> dict[str, str]:
    """How somebody of a sample enterprise signs in (`authorization`), and a conversation of theirs (`conversation`)."""
    caller = Caller.supplier("u-1", enterprises_of(holding.store.facts(PLATFORM_SUBJECT).facts)[0])
    return {"authorization": f"Bearer {holding.token(caller, 60)}", "conversation": holding.conversing().open(caller, "en").id}


@dataclass(frozen=True, slots=True)
class Talking:
    """A platform with two conversations of a buyer, in one of which a question is being answered; how the buyer signs in; and what a request names them."""

    platform: LocalPlatform
    authorization: str
    named: Mapping[str, str]


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory, small: SmallPlatform) -> Iterator[Talking]:
    home = tmp_path_factory.mktemp("talking")
    (home / "index").symlink_to(small.settings.home / "index")
    platform = LocalPlatform(Settings(home=home, pack_dir=small.settings.pack_dir))
    buyer, conversing = Caller.buyer("b-1"), platform.conversing()
    own, busy = (conversing.open(buyer, "en").id for _ in range(2))
    assert platform.conversations.begin(busy, Turn("m-1", "?", "en", "t", datetime.now(UTC) + timedelta(hours=1)))
    yield Talking(platform, f"Bearer {platform.token(buyer, 60)}", {"own": own, "busy": busy})
    platform.close()


@pytest.fixture(scope="module")
def address(small: SmallPlatform, talking: Talking) -> Iterator[str]:
    """The API over one record in memory, at a fixed time, one domain that cannot be asked about, a small pack, and conversations."""
    with served(_one_record(), small, talking.platform) as address:
        yield address


@pytest.fixture
def unindexed(tmp_path: Path, talking: Talking) -> Iterator[str]:
    """The API of an installation whose knowledge cannot be read, nor its quarterly list, nor its conversations."""
    (tmp_path / "tariff").mkdir()
    (tmp_path / "tariff" / "85.toml").write_text("[[")
    silent = Platform(Settings(home=tmp_path, pack_dir=tmp_path, dynamodb_endpoint=f"http://127.0.0.1:{_closed_port()}"))
    with served(_one_record(frozenset({LIST})), silent, silent) as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "callers", lambda: talking.platform.callers)
        yield address


def _closed_port() -> int:
    with reserve(0) as taken:
        port: int = taken.getsockname()[1]
    return port


def _one_record(down: frozenset[str] = frozenset({DOWN})) -> Verification:
    case = load_cases()["full record"]
    return verification(Records({DOMAIN: record_of(facts_of_case(case))}, case["synced"], down))
