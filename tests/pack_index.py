"""The search index of the whole pack, which takes half a minute to make: made once, kept in `build/` as long as what it is made of stays, and lent to homes.

Likewise that of the pack with the official files."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from ecid.adapters.candidate_index import INDEX
from ecid.adapters.index_sources import sources_digest
from ecid.bootstrap import Platform
from ecid.services import import_knowledge
from ecid.settings import Settings

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "layers" / "core" / "python" / "ecid"
KEPT = ROOT / "build" / "pack-index"
_MAKES_IT = (
    "knowledge/**/*.py",
    "services/build_index.py",
    "services/import_knowledge.py",
    "adapters/index_*.py",
    "adapters/c*_index.py",
    "adapters/chroma.py",
)
_KEPT_AT_MOST = 3


def pack_home() -> Path:
    """The state directory of an installation that knows the pack alone, with its index. Nobody writes there. Who comes second, in another process, waits."""
    return _kept(KEPT, _mark(), lambda _: None)


def official_home(data: Path) -> Path:
    """The same of one that has imported the official files of the folder `data` too, which takes over a minute."""
    found = sorted((path.relative_to(data).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in data.rglob("*") if path.is_file())
    mark = hashlib.sha256(f"{_mark()}{found}".encode()).hexdigest()[:12]
    return _kept(ROOT / "build" / "official-index", mark, lambda home: import_knowledge.build(data, home))


def _kept(folder: Path, mark: str, prepare: Callable[[Path], object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=folder / mark)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Platform(settings).has_index():
            for left in sorted(folder.glob("*/"), key=lambda path: path.stat().st_mtime)[: 1 - _KEPT_AT_MOST]:
                shutil.rmtree(left)
            prepare(settings.home)
            Platform(settings).make_index()
    return settings.home


def lend(home: Path) -> Path:
    """The same folder, in which the index of the pack is now found. Only for homes that know the pack alone, and do not make another index."""
    home.mkdir(parents=True, exist_ok=True)
    (home / INDEX).symlink_to(pack_home() / INDEX, target_is_directory=True)
    return home


def _mark() -> str:
    """Names what the index is made of and by."""
    digest = hashlib.sha256(sources_digest(Settings(home=KEPT / "nothing")).encode())
    for path in sorted(found for pattern in _MAKES_IT for found in PROGRAM.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
