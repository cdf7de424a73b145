"""What an importer is given and what it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ecid.errors import Language, PayloadTooLarge, UnreadableFile
from ecid.knowledge.record_sets import RecordSet
from ecid.tariff.exchange import ExchangeRates
from ecid.tariff.model import Conversion, Edition, Marks, Nomenclature, NoteSet

Dataset = Edition | Nomenclature | Conversion | NoteSet | Marks | ExchangeRates | RecordSet
Progress = Callable[[int, int], None]
"""Called with the number of units (pages, rows) done and their total."""

MAX_BYTES = 256 * 1024 * 1024
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row or place of the source that was not taken over as it stands, and why."""

    place: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What one file held."""

    datasets: tuple[Dataset, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to import. `head` are its first bytes, for recognising it; the rest is read by the importer that knows it."""

    path: Path
    head: bytes
    sha256: str

    @classmethod
    def of(cls, path: Path) -> SourceFile:
        """Look at a file. Raises `PayloadTooLarge` or `UnreadableFile`."""
        try:
            if path.exists() and not path.is_file():  # a pipe or device could be read for ever
                raise UnreadableFile(name=path.name, reason_zh="不是文件", reason_en="it is no file")
            if path.stat().st_size > MAX_BYTES:
                raise PayloadTooLarge(limit=f"{MAX_BYTES // 1024**2} MiB")
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
                file.seek(0)
                return cls(path, head, hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise UnreadableFile(name=path.name, reason_zh="无法打开", reason_en=error.strerror or "it cannot be opened") from error

    @property
    def name(self) -> str:
        """The file's name without its folder, which is no business of whoever reads a report; bytes of it that are no text are question marks."""
        return self.path.name.encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of file that is read here. `id` carries a version: it changes when the same file would be read differently."""

    id: str
    title: Mapping[Language, str]
    recognises: Callable[[SourceFile], bool]
    read: Callable[[SourceFile, Progress], Imported]
