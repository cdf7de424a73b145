"""What the benchmarks know of goods: the pack alone, and everything where the official files are at hand. Made once, kept in `build/`."""

from __future__ import annotations

import os
from pathlib import Path

from ecid.bootstrap import Platform
from ecid.services import import_knowledge
from ecid.settings import Settings
from tests.pack_index import ROOT, pack_home

KEPT = ROOT / "build" / "known"


def homes() -> dict[str, Path]:
    """By what is known there, state directories with an index; the first is that of the pack. Everything is imported where ECID_DATA_DIR is set."""
    data = os.environ.get("ECID_DATA_DIR")
    if not data:
        return {"the pack": pack_home()}
    import_knowledge.build(Path(data), KEPT)
    platform = Platform(Settings(home=KEPT))
    if not platform.has_index():
        platform.make_index()
    return {"the pack": pack_home(), "everything": KEPT}
