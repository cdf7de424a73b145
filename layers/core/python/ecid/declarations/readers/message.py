"""Declaration messages (报关单报文, `DecMessage` XML of the Single Window) as rows under a heading row of their tags.

Layout: `domain.md` §4.1 and §4.2. A message holds one `DecHead` and its `DecList` items; a file may hold several messages. In export messages the tag
`OriginCountry` carries the final destination and `DestinationCountry` the origin; the rows have them the right way round.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

from ecid.declarations.rows import LONGEST_ROW, Row, Tally
from ecid.errors import UnreadableFile

_CHUNK = 1 << 16
_HEAD = ("EntryId", "IEFlag", "TradeMode", "TradeCountry", "TradeCoScc", "TradeName", "OwnerName", "AgentName", "IEPort", "CustomMaster", "IEDate", "DeclDate")
_ITEM = (
    "GNo", "CodeTS", "GName", "GModel", "GQty", "GUnit", "FirstQty", "FirstUnit", "SecondQty", "SecondUnit", "DeclPrice", "DeclTotal", "TradeCurr",
    "OriginCountry", "DestinationCountry",
)  # fmt: skip
_LONGEST_VALUE = 32_767  # characters
_MOST_ITEMS = 1_000  # waiting for the end of their message, which has fifty at most
_DEEPEST = 100
_FIELDS = frozenset({*_HEAD, *_ITEM})
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "utf-16": "utf-16"}
_REASONS = {
    "document_type": (
        "XML 带有文档类型声明（DOCTYPE）。报关单报文不含此声明，且它可使文件无限展开，因此不予读取",
        "the XML declares a document type (DOCTYPE), which no declaration message does and which can expand without end",
    ),
    "endless_tag": (
        "XML 中有一个标签或注释超过一百万字节，不可能是报关单报文",
        "a tag or comment of the XML is longer than a million bytes, as none of a message is",
    ),
    "too_deep": (f"XML 标签嵌套超过 {_DEEPEST} 层，不可能是报关单报文", f"the tags of the XML stand more than {_DEEPEST} deep, as those of no message do"),
    "not_well_formed": (
        "XML 在第 {line} 行不合语法，文件可能已损坏或不完整",
        "the XML breaks its own grammar in line {line}; the file may be damaged or cut off",
    ),
    "undecodable": ("XML 含有其声明的编码无法解读的字节", "the XML holds bytes that mean nothing in the encoding that it states"),
    "unknown_encoding": (
        "XML 声明的编码“{encoding}”不受支持；请用 UTF-8、UTF-16 或 GB18030",
        "the XML states the encoding {encoding!r}, which is not read here; use UTF-8, UTF-16 or GB18030",
    ),
    "no_items": ("其中没有报关单商品项（DecList）", "it holds no declaration items (DecList)"),
}
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9_-]+)""")


def message_rows(path: Path, tally: Tally, progress: Callable[[int], None]) -> Iterator[Row]:
    """The heading row, then one row for each item, numbered from 1 in the order of the file.

    Raises `UnreadableFile` where the XML is not well-formed, declares a document type (which no message does, and which can be made to expand without
    end), or is in an encoding that is not known.
    """
    yield 0, [*_HEAD, *_ITEM]
    collector = _Collector()
    number = 0
    with path.open("rb") as file:
        decoder = _decoder(tally.file, file.read(_CHUNK))
        file.seek(0)
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = collector.start
        parser.EndElementHandler = collector.end
        parser.CharacterDataHandler = collector.text
        parser.StartDoctypeDeclHandler = collector.doctype
        final, fed = False, 0
        while not final:
            chunk = file.read(_CHUNK)
            final = not chunk
            try:
                text = decoder.decode(chunk, final).removeprefix("\ufeff").encode()
                parser.Parse(text, final)
                fed += len(text)
                _require_events(parser, fed)
            except _NotAMessage as error:
                raise _refused(tally.file, error.reason) from error
            except expat.ExpatError as error:
                raise _refused(tally.file, "not_well_formed", line=error.lineno) from error
            except UnicodeError as error:
                raise _refused(tally.file, "undecodable") from error
            progress(file.tell())
            for row in collector.rows():
                number += 1
                if row is None:
                    tally.rejected.add(number, "oversized_row")
                else:
                    yield number, row
    if not number:
        raise _refused(tally.file, "no_items")


class _NotAMessage(Exception):
    """The file has what no message has: a document type, tags without end, or hundreds of them inside each other."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _require_events(parser: expat.XMLParserType, fed: int) -> None:
    """A tag or comment that goes on and on makes the parser keep all of it."""
    if fed - parser.CurrentByteIndex > LONGEST_ROW:
        raise _NotAMessage("endless_tag")


class _Collector:
    """Gathers the values of the current message; whole messages are handed out by `rows`."""

    def __init__(self) -> None:
        self._head: dict[str, str] = {}
        self._items: list[dict[str, str]] = []
        self._record: dict[str, str] | None = None
        self._text: list[str] = []
        self._length = self._depth = 0
        self._oversized: list[dict[str, str]] = []  # records with a value that is too long
        self._done: list[list[str] | None] = []

    def start(self, tag: str, _attributes: object) -> None:
        name = _local(tag)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NotAMessage("too_deep")
        if name == "DecHead":
            self._close()
            self._head = {}
            self._record = self._head
        elif name == "DecList":
            self._record = {}
            self._items.append(self._record)
        self._text.clear()
        self._length = 0

    def text(self, text: str) -> None:
        self._length += len(text)
        if self._record is None:
            return
        if self._length <= _LONGEST_VALUE:
            self._text.append(text)
        elif not any(self._record is record for record in self._oversized):
            self._oversized.append(self._record)

    def end(self, tag: str) -> None:
        name = _local(tag)
        self._depth -= 1
        if name in {"DecHead", "DecList"}:
            self._record = None
            if len(self._items) == _MOST_ITEMS:
                self._close()
        elif name == "DecMessage":
            self._close()
            self._head = {}
        elif self._record is not None and (name in _FIELDS):
            self._record[name] = "".join(self._text).strip()
        self._text.clear()
        self._length = 0

    def doctype(self, *_declared: object) -> None:
        raise _NotAMessage("document_type")

    def rows(self) -> Iterator[list[str] | None]:
        """The rows of the messages that have ended since the last call; None for one that is too long."""
        done, self._done = self._done, []
        yield from done

    def _close(self) -> None:
        for item in self._items:
            item["OriginCountry"], item["DestinationCountry"] = item.get("DestinationCountry", ""), item.get("OriginCountry", "")
            row = [*(self._head.get(name, "") for name in _HEAD), *(item.get(name, "") for name in _ITEM)]
            self._done.append(None if any(record is item or record is self._head for record in self._oversized) else row)
        self._items = []
        self._oversized = [record for record in self._oversized if record is self._head]


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _decoder(name: str, start: bytes) -> codecs.IncrementalDecoder:
    """By byte order mark, else by the XML declaration; the older Chinese names all mean GB18030 or a part of it."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")()
    found = _ENCODING.match(start.removeprefix(codecs.BOM_UTF8))
    declared = found[1].decode().lower() if found else "utf-8"
    if declared not in _ENCODINGS:
        raise _refused(name, "unknown_encoding", encoding=declared)
    return codecs.getincrementaldecoder(_ENCODINGS[declared])()


def _refused(name: str, reason: str, **context: object) -> UnreadableFile:
    zh, en = _REASONS[reason]
    return UnreadableFile(name=name, reason_zh=zh.format_map(context), reason_en=en.format_map(context))
