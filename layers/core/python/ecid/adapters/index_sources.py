"""What the search index of this installation was made of, noted beside it: so that whoever scores is told within milliseconds whether it is of what is loaded.

The note holds a digest of everything that went in, and size and CRC-32 of the files of candidates, which the score rests on. Telling it by the records
themselves (`services.build_index.is_current`) takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from ecid import __version__
from ecid.adapters.candidate_index import INDEX
from ecid.knowledge.candidates.index_files import FOLDER, FORMAT
from ecid.services.find_candidates import weights_version
from ecid.settings import Settings

_NOTE = "made_of.json"
_NO_PART = {"samples", "evaluation"}
"""Folders of the pack that no index is made of."""
_IMPORTED = "knowledge"
_PIECE = 1 << 20


def sources_digest(settings: Settings) -> str:
    """Names everything that an index made now would be made of: the files of the pack and of what was imported, and how they are read."""
    digest = hashlib.sha256(json.dumps([__version__, FORMAT, weights_version()]).encode())
    for path in (resources.files("ecid.knowledge.retrieval"), resources.files("ecid.knowledge")):
        for data in sorted((item for item in path.iterdir() if item.name.endswith((".toml", ".txt"))), key=lambda item: item.name):
            digest.update(data.read_bytes())
    for name, path in _files(settings):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def note_sources(settings: Settings, digest: str) -> None:
    """Note of the index that is there what it was made of: `digest` as it was before that was read."""
    folder = settings.home / INDEX
    note = {"sources": digest, "files": _marks(folder / FOLDER)}
    unfinished = folder / f"{_NOTE}.part"
    unfinished.write_text(json.dumps(note), "utf-8")
    unfinished.replace(folder / _NOTE)


def is_noted(settings: Settings) -> bool:
    """Whether the index is noted to be of the very same as what is loaded, and its files of candidates are as they were then."""
    folder = settings.home / INDEX
    try:
        note = json.loads((folder / _NOTE).read_text("utf-8"))
        return bool(note["sources"] == sources_digest(settings) and note["files"] == _marks(folder / FOLDER))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    for folder in (settings.pack_dir, settings.home / _IMPORTED):
        for path in sorted(folder.rglob("*.*")):
            inside = path.relative_to(folder)
            if path.is_file() and not _NO_PART & set(inside.parts):
                yield f"{folder == settings.pack_dir}/{inside.as_posix()}", path


def _marks(folder: Path) -> dict[str, list[int]]:
    return {path.name: [path.stat().st_size, _crc(path)] for path in sorted(folder.iterdir())}


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc
