"""The index of candidates at rest: a file of named arrays for each period, which is mapped, and a list of them. The same knowledge gives the same bytes.

periods.json    what the index was made from, and the days, the size and a checksum of each file
<day>.arrays    the period from that day: the length of a header (8 bytes, little-endian), the header (JSON: name → type, shape, place), the arrays
"""

from __future__ import annotations

import hashlib
import json
import mmap
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from importlib import resources
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecid.errors import UnreadableFile
from ecid.knowledge.candidates.index import CandidateIndex, period_arrays, reading
from ecid.knowledge.candidates.sources import Tariffs, periods
from ecid.knowledge.candidates.stored import StoredPeriod
from ecid.knowledge.records import Record
from ecid.tariff.model import Edition, Nomenclature

FORMAT = 3
FOLDER = "candidates"
"""The folder within the index."""
_LIST, _SUFFIX = "periods.json", ".arrays"
_ALIGNED = 64
_FAULTS = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError)


class CandidateFiles:
    """An open index folder. Its files are held from the first, so that it stays whole where another index takes its place; what a file holds is read, and its
    checksum looked at, when a day of its period is first asked for."""

    def __init__(self, folder: Path) -> None:
        """Raises UnreadableFile where the index is missing, of another format, or parts of it are."""
        self._folder = folder
        self._open: dict[date, StoredPeriod] = {}
        try:
            listed = _read_list(folder)
            self.knowledge = str(listed["knowledge"])
            self._files = [_PeriodFile.of(row) for row in listed["periods"]]
            if [file.first for file in self._files] != [date.min, *(file.last + timedelta(days=1) for file in self._files[:-1])]:
                raise ValueError("days are missing")
            self._held = {file.first: _held(folder / file.name) for file in self._files}
            if self._files[-1].last != date.max or any(len(self._held[file.first]) != file.size for file in self._files):
                raise ValueError("periods are missing")
        except _FAULTS as error:
            raise self._damaged() from error

    def on(self, day: date) -> CandidateIndex:
        """What is known on a day. Raises UnreadableFile where the file of its period is damaged."""
        file = next(file for file in self._files if day <= file.last)
        if file.first not in self._open:
            try:
                self._open[file.first] = StoredPeriod(_arrays(self._held[file.first], file))
            except _FAULTS as error:
                raise self._damaged() from error
        return CandidateIndex(self._open[file.first], day)

    def _damaged(self) -> UnreadableFile:
        zh = "候选品目索引不存在或已损坏，请运行 ecid knowledge build 重建"
        en = "the index is missing or damaged; build it again with `ecid knowledge build`"
        return UnreadableFile(name=self._folder.name, reason_zh=zh, reason_en=en)


@dataclass(frozen=True, slots=True)
class _PeriodFile:
    """A row of the list: a period's days, and its file with size and checksum."""

    first: date
    last: date
    name: str
    size: int
    crc32: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _PeriodFile:
        return cls(date.fromisoformat(row["first"]), date.fromisoformat(row["last"]), str(row["name"]), int(row["size"]), int(row["crc32"]))


def is_made_from(folder: Path, knowledge: str, tariffs: Tariffs) -> bool:
    """Whether the index in `folder` was made from these. Its files are not looked at."""
    try:
        return bool(_read_list(folder)["made_from"] == _made_from(knowledge, tariffs))
    except _FAULTS:
        return False


def write_candidates(folder: Path, knowledge: str, records: Sequence[Record], tariffs: Tariffs) -> None:
    """Make the index in a folder, which is created. `knowledge` names the records, which may hold more than has a say here."""
    folder.mkdir(parents=True)
    rows, read = [], reading()
    for period in periods(tariffs, records):
        path = folder / f"{period.first}{_SUFFIX}"
        _write(path, period_arrays(records, period, read))
        content = path.read_bytes()
        rows.append(_PeriodFile(period.first, period.last, path.name, len(content), zlib.crc32(content)))
    listed = {"format": FORMAT, "knowledge": knowledge, "made_from": _made_from(knowledge, tariffs), "periods": [asdict(row) for row in rows]}
    (folder / _LIST).write_text(json.dumps(listed, default=date.isoformat, separators=(",", ":")), "utf-8")


def _made_from(knowledge: str, tariffs: Tariffs) -> str:
    """Names what an index is made from: the records, what says when the tariffs hold, and the way of reading."""
    dated: list[Edition | Nomenclature] = [*tariffs.editions, *tariffs.nomenclatures]
    heads = [[item.id, item.sha256, item.valid_from.isoformat(), item.valid_to.isoformat(), *_kind(item)] for item in dated]
    digest = hashlib.sha256(json.dumps([FORMAT, knowledge, heads]).encode())
    for name in ("goods.toml", "composition.toml", "limits.toml", "words_en.txt", "words_en.npy"):
        digest.update(resources.files(__package__).joinpath(name).read_bytes())
    return digest.hexdigest()[:12]


def _kind(item: Edition | Nomenclature) -> tuple[str, ...]:
    return (str(item.complete),) if isinstance(item, Edition) else (item.lang,)


def _read_list(folder: Path) -> Mapping[str, Any]:
    listed: Mapping[str, Any] = json.loads((folder / _LIST).read_text("utf-8"))
    if listed["format"] != FORMAT:
        raise ValueError("another format")
    return listed


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    header: dict[str, Any] = {}
    end = 0
    for name, array in arrays.items():
        start = -(-end // _ALIGNED) * _ALIGNED
        header[name] = [array.dtype.newbyteorder("<").str, array.shape, start]
        end = start + array.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-(8 + len(head)) % _ALIGNED)
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for name, array in arrays.items():
            kind, _, start = header[name]
            file.write(b"\0" * (8 + len(head) + start - file.tell()))
            file.write(np.ascontiguousarray(array, dtype=kind).tobytes())


def _held(path: Path) -> mmap.mmap:
    """The file's bytes, which stay in it. Raises OSError, or ValueError where it is empty."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _arrays(content: mmap.mmap, file: _PeriodFile) -> dict[str, NDArray[Any]]:
    """The arrays of a file, which stay in it. Raises ValueError, KeyError or TypeError for what is not as it was written."""
    if zlib.crc32(content) != file.crc32:
        raise ValueError(f"{file.name} is damaged")
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    return {name: np.frombuffer(content, np.dtype(kind), prod(shape), begin + start).reshape(shape) for name, (kind, shape, start) in header.items()}
