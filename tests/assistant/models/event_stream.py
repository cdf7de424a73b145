"""Messages of the AWS event stream as a service writes them: what botocore reads and does not write.

A message is its length, the length of its headers and a CRC-32 of these two; the headers; the payload; and a CRC-32 of all of it. Numbers are big-endian. A
header is the length of its name (one byte), its name, the type of its value (7: text), the length of the value (two bytes) and the value.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

_TEXT = 7


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    begun = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return begun + struct.pack(">I", zlib.crc32(begun))


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """A message that says an event."""
    return message({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, json.dumps(data).encode())


def exception(name: str, text: str) -> bytes:
    """A message that ends a stream which had begun."""
    return message({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, json.dumps({"message": text}).encode())


def _header(name: str, value: str) -> bytes:
    told = value.encode()
    return bytes([len(name)]) + name.encode() + bytes([_TEXT]) + struct.pack(">H", len(told)) + told
