"""The kinds of files that can be imported, one module each. A new kind is a new module in `importers` and a line here."""

from __future__ import annotations

from ecid.errors import UnsupportedFormat
from ecid.knowledge.imported import Imported, Importer, Progress, SourceFile
from ecid.knowledge.importers import (
    catalogue,
    decisions,
    dual_use,
    exchange_rates,
    goods_terms,
    hs_conversion,
    hs_sections,
    hs_table,
    notes_table,
    tariff_lines,
    us_notes,
    us_rulings,
    us_tree,
)

IMPORTERS: tuple[Importer, ...] = (
    catalogue.IMPORTER,
    hs_table.IMPORTER,
    hs_conversion.IMPORTER,
    hs_sections.IMPORTER,
    us_tree.IMPORTER,
    us_notes.IMPORTER,
    us_rulings.IMPORTER,
    decisions.IMPORTER,
    notes_table.IMPORTER,
    dual_use.IMPORTER,
    goods_terms.IMPORTER,
    tariff_lines.IMPORTER,
    exchange_rates.IMPORTER,
)


def recognise(file: SourceFile) -> Importer | None:
    """The importer that knows this file by its content, or None. Raises `UnreadableFile` for a PDF that cannot be opened at all."""
    return next((importer for importer in IMPORTERS if importer.recognises(file)), None)


def read_reference(file: SourceFile, progress: Progress = lambda done, total: None) -> tuple[Importer, Imported]:
    """Recognise a file and read it. Raises `UnsupportedFormat` if nothing here knows it, `UnreadableFile` if it is known but broken."""
    importer = recognise(file)
    if importer is None:
        raise UnsupportedFormat(name=file.name, supported="; ".join(known.title["en"] for known in IMPORTERS))
    return importer, importer.read(file, progress)
