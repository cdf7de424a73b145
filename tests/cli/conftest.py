"""The machine on which commands about scores are tried: three sample enterprises, fed and scored once, and the index of the pack."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecid.adapters.embedded_engine import find_engine
from ecid.bootstrap import LocalPlatform
from ecid.services.feed_samples import feed_samples, list_samples
from ecid.settings import CHECKOUT, Settings
from tests.pack_index import lend

SAMPLES = CHECKOUT / "knowledge" / "samples"
FED = ("harborlight", "brightcell", "newleaf")


class Fixed(LocalPlatform):
    """A machine at noon in Beijing on 23 November 2026."""

    def now(self) -> datetime:
        """Noon in Beijing."""
        return datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A score of 82, a sound one, and one without a score."""
    if find_engine([CHECKOUT]) is None:
        pytest.skip("the embedded engine is not installed (npm ci)")
    folder = tmp_path_factory.mktemp("fed")
    platform = Fixed(Settings(home=lend(folder / "home")))
    try:
        _feed(platform, folder / "samples")
        yield platform
    finally:
        platform.close()


def _feed(platform: LocalPlatform, folder: Path) -> None:
    for name in FED:
        shutil.copytree(SAMPLES / name, folder / name)
    edition, _ = list_samples(SAMPLES)
    entries = [f'[[sample]]\nask = "{name}.example"\nzh = "样例"\nen = "a sample"\nfolders = ["{name}"]\n' for name in FED]
    (folder / "samples.toml").write_text(f"edition = {edition}\n{''.join(entries)}", "utf-8")
    fed = feed_samples(folder, platform.ingest(), platform.now())
    assert not any(one.failed for one in fed)
    platform.score_messages({})
    assert not platform.unscored()
