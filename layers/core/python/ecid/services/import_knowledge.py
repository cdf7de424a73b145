"""Importing reference files: recognise each by its content, store what it holds, and say of every file what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecid.errors import BadInput, UnreadableFile, UnsupportedFormat
from ecid.knowledge import store
from ecid.knowledge.corpus import Corpus, assemble
from ecid.knowledge.imported import Dataset, Imported, Progress, Skipped, SourceFile
from ecid.knowledge.pack import VALID_FROM, read_pack_lines
from ecid.knowledge.pack_check import PackFinding, check_pack
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records_check import check_records
from ecid.knowledge.registry import IMPORTERS, read_reference
from ecid.tariff.model import Conversion, Edition, Nomenclature, NoteSet

KNOWLEDGE = "knowledge"
"""The folder under the state directory."""
MAX_FILES = 10_000

Outcome = Literal["imported", "unchanged", "already_imported", "left_out", "not_recognised", "unreadable"]
Watch = Callable[[str], Progress]
"""Told the name of the file that is read next; answers with who wants to know how far it is."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of one file: `datasets` are the ids it holds; `zh`/`en` say why it could not be used."""

    name: str
    outcome: Outcome
    importer: str = ""
    datasets: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    zh: str = ""
    en: str = ""

    @property
    def usable(self) -> bool:
        """Whether its content is in the store now."""
        return self.outcome in ("imported", "unchanged", "already_imported")


def import_files(paths: Sequence[Path], home: Path, watch: Watch = lambda name: _unwatched, *, again: bool = True) -> list[ImportedFile]:
    """Import files, and all files below folders, into `home / "knowledge"`. A file that is known but broken does not stop the others.

    Without `again` a file that the same importer has stored before is not read a second time. Raises `BadInput` for more than `MAX_FILES` files.
    """
    folder = home / KNOWLEDGE
    stored = {} if again else _stored(folder)
    return [_import_file(name, path, folder, stored, watch(name)) for name, path in _files(paths)]


def build(data_dir: Path | None, home: Path, watch: Watch = lambda name: _unwatched) -> list[ImportedFile]:
    """Import every recognised file of the data folder that is not stored yet, or whose dataset was damaged since; nothing without a data folder.

    Raises UnreadableFile when the folder does not exist.
    """
    if data_dir and not data_dir.exists():
        raise UnreadableFile(name=data_dir, reason_zh="ECID_DATA_DIR 所指的文件夹不存在", reason_en="ECID_DATA_DIR names it, and there is no such folder")
    return import_files([data_dir], home, watch, again=False) if data_dir else []


def loaded(home: Path, pack: Path) -> list[Dataset]:
    """The pack's tariff lines, if there is a pack, and everything imported."""
    return store.load_datasets([pack, home / KNOWLEDGE], kinds=None)


def corpus(pack: Path, datasets: Sequence[Dataset]) -> Corpus:
    """Everything that can be cited, but for the tariff lines: the records of the pack and those of `datasets`, as `loaded`. Raises `UnreadableFile`."""
    return assemble(read_records(pack), datasets)


def check(home: Path, pack: Path) -> list[PackFinding]:
    """Check the pack, its lines and its records, against the official edition, nomenclature and notes of its days where they are imported."""
    imported = [item for item in store.load(home / KNOWLEDGE, store.TARIFF_KINDS) if not isinstance(item, Conversion | RecordSet)]
    of_the_day = [item for item in imported if item.valid_from <= VALID_FROM <= item.valid_to]
    editions = [item for item in of_the_day if isinstance(item, Edition) and item.complete and not item.supplement]
    nomenclatures = [item for item in of_the_day if isinstance(item, Nomenclature)]
    notes = [item for item in imported if isinstance(item, NoteSet)]
    findings = check_pack(read_pack_lines(pack), editions, nomenclatures)
    return [*findings, *check_records(read_records(pack), nomenclatures, editions, notes)]


def _unwatched(done: int, total: int) -> None:
    pass


def _files(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    count = 0
    for path in paths:
        inside = sorted(found for found in path.rglob("*") if found.is_file() and not found.is_symlink()) if path.is_dir() else [path]
        for found in inside:
            count += 1
            if count > MAX_FILES:
                raise BadInput(detail=f"more than {MAX_FILES} files")
            yield str(found.relative_to(path)) if path.is_dir() else found.name, found


def _stored(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Hash of the source and importer → ids of what it gave; nothing of a source one of whose datasets is damaged, so that it is read again."""
    found: dict[tuple[str, str], list[str]] = {}
    headers, damaged = store.headers(folder)
    if any(header is None for header in damaged):  # from whichever source
        return {}
    for header in headers:
        found.setdefault((header.sha256, header.importer), []).append(header.id)
    for broken in damaged:
        if broken:
            found.pop((broken.sha256, broken.importer), None)
    return found


def _import_file(name: str, path: Path, folder: Path, stored: dict[tuple[str, str], list[str]], progress: Progress) -> ImportedFile:
    try:
        file = SourceFile.of(path)
        for known in IMPORTERS:
            if (file.sha256, known.id) in stored:
                return ImportedFile(name, "already_imported", known.id, tuple(stored[file.sha256, known.id]))
        importer, imported = read_reference(file, progress)
    except UnsupportedFormat:
        return ImportedFile(name, "not_recognised")
    except UnreadableFile as error:
        return ImportedFile(name, "unreadable", zh=str(error.context["reason_zh"]), en=str(error.context["reason_en"]))
    except BadInput as error:
        return ImportedFile(name, "unreadable", zh=error.sentence("zh"), en=error.sentence("en"))
    ids = tuple(store.dataset_id(dataset) for dataset in imported.datasets)
    left_out = _why_left_out(folder, imported)
    why_not = left_out or _why_refused(folder, imported.datasets)
    if why_not:
        return ImportedFile(name, "left_out" if left_out else "unreadable", importer.id, (), () if left_out else imported.skipped, *why_not)
    changed = store.save(folder, imported.datasets, importer.id, imported.skipped)
    return ImportedFile(name, "imported" if changed else "unchanged", importer.id, ids, imported.skipped)


def _why_refused(folder: Path, datasets: Sequence[Dataset]) -> tuple[str, str] | None:
    """Why the datasets may not take the place of what is stored, if some of that would be lost."""
    for dataset in datasets:
        lost = store.would_lose(folder, dataset)
        if lost:
            name = store.dataset_id(dataset)
            zh = f"仅 {lost[1]} 条，而已导入的 {name} 有 {lost[0]} 条或更完整；如确要替换，请先删除后者的文件"
            return zh, f"{lost[1]} rows, where {name}, imported before, has {lost[0]} or is complete; to replace it, delete its file first"
    return None


def _why_left_out(folder: Path, imported: Imported) -> tuple[str, str] | None:
    """Why nothing of what a file holds is needed: its importer says so, or it is a supplement alone, without units and English, of days that a complete
    edition which is stored covers."""
    if not imported.datasets:
        return imported.skipped[0].zh, imported.skipped[0].en
    edition, *marks = imported.datasets
    if marks or not isinstance(edition, Edition) or not edition.supplement or any(line.units or line.name_en for line in edition.lines.values()):
        return None
    whole = [item for item in store.headers(folder)[0] if item.complete and not item.supplement]
    known = next((item for item in whole if store.covers([item], edition)), None)
    if known is None:
        return None
    zh = f"没有计量单位和英文名称，对已导入的《{known.title}》（{known.id}）无可补充；可作核对，不代替目录"
    return zh, f"it has neither units nor English names to add to {known.id}, imported before: a check for that, not a substitute"
