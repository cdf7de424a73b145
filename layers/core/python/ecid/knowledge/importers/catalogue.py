"""The official catalogue of declaration elements (PDF): a year's eight-digit lines with their elements, and the section and chapter notes."""

from __future__ import annotations

from contextlib import closing
from datetime import date

from ecid.errors import UnreadableFile
from ecid.knowledge.catalogue.document import TITLE, CatalogueReader
from ecid.knowledge.catalogue.grid import read_grid
from ecid.knowledge.catalogue.pages import PdfPages
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.tariff.model import Edition, NoteSet

_SOURCE = "中华人民共和国海关总署《进出口商品涉税规范申报目录》（{year}年版），PDF"


def _recognises(file: SourceFile) -> bool:
    if not file.head.startswith(b"%PDF-"):
        return False
    with closing(PdfPages(file.path)) as pages:
        return TITLE in pages.first_page_text()


def _read(file: SourceFile, progress: Progress) -> Imported:
    reader = CatalogueReader()
    with closing(PdfPages(file.path)) as pages:
        for page in pages:
            if not page.glyphs:
                reader.miss(page.number)
            for item in read_grid(page):
                reader.add(item)
            progress(page.number, len(pages))
    lines, notes = reader.close()
    missing = reader.missing()
    if reader.year is None or missing:
        zh, en = "、".join(zh for zh, _ in missing[:3]), ", ".join(en for _, en in missing[:3])
        if reader.missed:
            zh, en = f"{zh}；第 {reader.missed[0]} 页无法读取", f"{en}; nothing can be read on page {reader.missed[0]}"
        raise UnreadableFile(name=file.name, reason_zh=f"目录不完整，缺少{zh}", reason_en=f"the catalogue is not whole, it lacks {en}")
    first, last = date(reader.year, 1, 1), date(reader.year, 12, 31)
    title, source = f"进出口商品涉税规范申报目录（{reader.year}年版）", _SOURCE.format(year=reader.year)
    edition = Edition(f"cn-{reader.year}", title, first, last, complete=not reader.missed, source=source, sha256=file.sha256, lines=lines)
    note_set = NoteSet(f"cn-{reader.year}-notes", f"{title}：类注、章注", first, last, "zh", source, file.sha256, notes)
    return Imported((edition, note_set), tuple(Skipped(*finding) for finding in reader.findings))


IMPORTER = Importer(
    id="cn-catalogue/1",
    title={"zh": "进出口商品涉税规范申报目录（PDF）", "en": "China's catalogue of declaration elements (PDF)"},
    recognises=_recognises,
    read=_read,
)
