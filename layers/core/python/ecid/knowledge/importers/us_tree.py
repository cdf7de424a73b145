"""English wording of the Harmonized System at four and six digits, from the lines of the US tariff (htsno, indent, description).

The eighth and tenth digits are American: they give the wording below a subheading, never a code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import Fault, code_of, dotted
from ecid.knowledge.importers.hs_versions import HsVersion, hs_code_fault, version_of
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.knowledge.tables import Table, holds, known_table, no_rows

_LEVELS = (4, 6)
_WHOLE = 0.99
"""Share of the version's subheadings below which a table is refused, as for a table of the HS itself."""
_INDENT = re.compile(r"[12]?\d")
_RESIDUAL = "other"


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A line of the tariff; its number may be empty. `above` are the rows that it stands under, heading first."""

    code: str
    indent: int
    text: str
    place: str
    above: tuple[_Row, ...] = field(repr=False)


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    skipped = list(table.skipped)
    rows = list(_rows(table, skipped))
    below: dict[str, list[_Row]] = defaultdict(list)
    under: dict[_Row, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for higher in row.above:
            under[higher][row.text] = None
        for level in _LEVELS:
            if len(row.code) >= level:
                below[row.code[:level]].append(row)
    if not below:
        raise no_rows(file)
    version = _version(file, [code for code in below if len(code) == max(_LEVELS)])
    records = []
    for code in sorted(below):
        node = _node(code, below[code])
        if node is None:
            skipped.append(Skipped(code, "没有单独的条文", "it has no wording of its own"))
        else:
            records.append(_record(code, node, list(under[node]), version, file))
        skipped += [Skipped(row.place, f"{code} 重复", f"{code} stands twice") for row in below[code] if row.code == code and row is not node]
    progress(1, 1)
    title, source = f"English wording of the {version.title}", f"{version.title}, wording of the US tariff"
    return Imported((RecordSet(f"us-{version.id}", title, source, file.sha256, tuple(records)),), tuple(skipped))


def _rows(table: Table, skipped: list[Skipped]) -> Iterator[_Row]:
    stack: list[_Row] = []
    for place, cells in table.rows:
        code = code_of(cells["code"])
        fault = _fault(code, cells)
        indent = int(cells["indent"]) if _INDENT.fullmatch(cells["indent"]) else 0
        while stack and stack[-1].indent >= indent:
            stack.pop()
        above = next((row.code for row in reversed(stack) if row.code), "")
        if not fault and code and not code.startswith(above):
            fault = f"{code} 列在 {above} 之下", f"{code} stands below {above}"
        if fault:
            stack.clear()  # what follows does not stand below the line before
            skipped.append(Skipped(place, *fault))
            continue
        row = _Row(code, indent, cells["description"].rstrip(": "), place, tuple(stack))
        stack.append(row)
        yield row


def _fault(code: str, cells: Mapping[str, str]) -> Fault | None:
    if not _INDENT.fullmatch(cells["indent"]):
        return f"“{cells['indent']}”不是缩进级别，各列可能错位", f"{cells['indent']!r} is no indent; the columns may be shifted"
    if not cells["description"]:
        return "没有条文", "it has no wording"
    return hs_code_fault(code, (4, 6, 8, 10)) if code else None


def _version(file: SourceFile, subheadings: Sequence[str]) -> HsVersion:
    version = version_of(subheadings)
    if version is None or len(subheadings) < version.subheadings * _WHOLE:
        zh, en = "无法判断是哪一版协调制度，或不完整", "it cannot be told which version of the Harmonized System it is, or it is not whole"
        raise UnreadableFile(name=file.name, reason_zh=zh, reason_en=en)
    return version


def _node(code: str, rows: Sequence[_Row]) -> _Row | None:
    """The row that words the code: that which has its number, else the one that all its lines stand under, or are."""
    named = [row for row in rows if row.code == code]
    if named:
        return named[0]
    least = min(row.indent for row in rows)
    top = [row for row in rows if row.indent == least]
    if len(top) == 1:
        return top[0]
    parents = {row.above[-1].place: row.above[-1] for row in top if row.above}
    return next(iter(parents.values())) if len(parents) == 1 and all(row.above for row in top) else None


def _record(code: str, node: _Row, under: list[str], version: HsVersion, file: SourceFile) -> Record:
    path = [row.text for row in (*node.above, node)]
    # What stands below a heading stands below its subheadings, which have records of their own.
    further = under if len(code) == max(_LEVELS) else []
    return Record(
        id=f"us-hs-{code}",
        kind="line",
        codes=(code,),
        title={"en": _title(path)},
        text={"en": f"{dotted(code)}: {' › '.join(path)}"},
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        source=f"{version.title}, wording of the US tariff",
        source_ref=f"{file.name}: {node.place}",
        sha256=file.sha256,
        confidence="medium",
        facts={"below": further} if further else {},
    )


def _title(path: Sequence[str]) -> str:
    """The last text, or where it only says "other", what it is other than."""
    above = next((text for text in reversed(path) if text.casefold() != _RESIDUAL), path[0])
    return path[-1] if path[-1] == above else f"{above}: {path[-1].casefold()}"


IMPORTER = Importer(
    id="us-tree/1",
    title={"zh": "协调制度英文条文（美国税则，CSV、TSV、XLSX、JSON）", "en": "English wording of the Harmonized System (US tariff; CSV, TSV, XLSX, JSON)"},
    recognises=holds("us_lines"),
    read=_read,
)
