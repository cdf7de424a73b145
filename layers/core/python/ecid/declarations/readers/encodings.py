"""Which encoding a text file is in, and lines of it that are in another one."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path
from typing import BinaryIO, TextIO

from ecid.declarations.headings import best_heading_row
from ecid.declarations.readers.kinds import SUPPORTED
from ecid.errors import UnsupportedFormat

DAMAGED = "\ufffd"
"""What stands in the place of bytes that mean nothing, lost here or in an earlier program."""

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_ENOUGH = 100_000  # damaged characters; more do not make it clearer
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_FEWEST_CHINESE = 2
_LONE = re.compile("[\ud800-\udfff]")


def detect_encoding(path: Path, name: str) -> str:
    """UTF-16 by its mark or by the headings it uncovers; UTF-8 if the whole file is (or nearly is, where single bytes are damaged); else GB18030.

    Raises `UnsupportedFormat` for binary content.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
        if sample[:2] in _UTF16:
            return _UTF16[sample[:2]]
        if b"\0" in sample:
            for encoding in ("utf-16-le", "utf-16-be"):
                if _uncovers_headings(sample.decode(encoding, "replace")):
                    return encoding
            raise UnsupportedFormat(name=name, supported=SUPPORTED)
        file.seek(0)
        return "utf-8-sig" if _is_utf8(file) else "gb18030"


def opened(file: BinaryIO, encoding: str) -> TextIO:
    """`file` as text whose lines end as they end; bytes that mean nothing are kept as lone surrogates (in UTF-16: lost) until `mended` looks at them."""
    return io.TextIOWrapper(file, encoding, errors="replace" if encoding.startswith("utf-16") else "surrogateescape", newline="")


def mended(line: str, encoding: str) -> str:
    """A line without byte order marks inside; as GB18030 in a UTF-8 file, or the other way round, where it clearly is; `DAMAGED` for bytes without meaning."""
    line = line.replace("\ufeff", "")
    if encoding.startswith("utf-16"):
        return line
    if encoding == "gb18030" and (found := _as_utf8(line)) is not None:
        return found
    try:
        line.encode()
    except UnicodeEncodeError:
        return (_as_gb18030(line) if encoding != "gb18030" else None) or _LONE.sub(DAMAGED, line)
    return line


def _as_utf8(line: str) -> str | None:
    """Chinese in GB18030 is next to never valid UTF-8; if a line is, and gives Chinese characters, it was written as such."""
    try:
        found = line.encode("gb18030", "surrogateescape").decode()
    except UnicodeError:
        return None
    return found if sum("\u4e00" <= char <= "\u9fff" for char in found) >= _FEWEST_CHINESE else None


def _as_gb18030(line: str) -> str | None:
    """A line with more damaged bytes than sound characters is no UTF-8 with a wrong byte in it."""
    damaged = sum("\udc80" <= char <= "\udcff" for char in line)
    sound = sum(not char.isascii() for char in line) - damaged
    if damaged <= sound:
        return None
    try:
        return line.encode(errors="surrogateescape").decode("gb18030")
    except UnicodeError:
        return None


def _uncovers_headings(sample: str) -> bool:
    return any(best_heading_row([line.split(mark) for line in sample.splitlines()]) is not None for mark in ",\t;|")


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    damaged = meaningful = 0
    while chunk := file.read(_CHUNK):
        if chunk.isascii() and not (damaged or meaningful):
            continue
        text = decoder.decode(chunk)
        damaged += text.count(DAMAGED)
        meaningful += len(text) - len(text.encode("ascii", "ignore"))
        if damaged > _ENOUGH and damaged * 10 > meaningful - damaged:
            return False
    damaged += decoder.decode(b"", final=True).count(DAMAGED)
    # In GB18030 text read as UTF-8 nearly every character is damaged; ten sound ones for each bad one are no accident.
    return damaged * 10 <= meaningful - damaged or not damaged
