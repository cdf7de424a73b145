"""An installation that knows two chapters, the general rules and the pairs often confused: its indexes are made as `ecid knowledge build` makes them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecid import bootstrap
from ecid.bootstrap import Platform
from ecid.settings import Settings

PACK = Path(__file__).parents[1] / "knowledge"
FILES = ("gri.toml", "confusions.toml", "tariff/85.toml", "tariff/96.toml", "glossary/ch85.toml", "glossary/ch96.toml")
NOW = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)


class SmallPlatform(Platform):
    """A platform on 17 May 2026."""

    def now(self) -> datetime:
        """Noon in Beijing."""
        return NOW


def copy_pack(folder: Path) -> None:
    """The files of the small pack, in a folder of their own."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACK / name, folder / name)


def make_home(folder: Path) -> SmallPlatform:
    """The installation in a folder, its indexes made."""
    copy_pack(folder / "pack")
    platform = SmallPlatform(Settings(home=folder / "home", pack_dir=folder / "pack"))
    platform.make_index()
    return platform


def answering(patch: pytest.MonkeyPatch, platform: Platform) -> None:
    """From now on the functions of this process rest on what this platform knows."""
    patch.setattr(bootstrap, "platform", lambda: platform)
    patch.setattr(bootstrap, "clauses", lambda: platform.clauses)
    patch.setattr(bootstrap, "candidates", lambda: platform.candidates)
    patch.setattr(bootstrap, "tariff", lambda: platform.published.tariff)
