"""Declaration messages: encodings and XML that means harm. What values mean is in `cases/message.xml`."""

from __future__ import annotations

import codecs
import contextlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.declarations.readers import read_file
from ecid.errors import EcidError, UnreadableFile

TODAY = date(2026, 5, 17)
BODY = "<DecMessage><DecHead/><DecLists><DecList><CodeTS>8507600090</CodeTS><GName>锂离子蓄电池</GName></DecList></DecLists></DecMessage>"


@pytest.mark.parametrize(
    "content",
    [
        BODY.encode(),
        f'<?xml version="1.0"?>{BODY}'.encode("utf-8-sig"),
        f'<?xml version="1.0" encoding="GBK"?>\n{BODY}'.encode("gbk"),
        f'<?xml version="1.0" encoding="gb18030"?>{BODY}'.encode("gb18030"),
        codecs.BOM_UTF16_LE + f'<?xml version="1.0" encoding="UTF-16"?>{BODY}'.encode("utf-16-le"),
        BODY.replace("Dec", "dec:Dec").encode(),
    ],
)
def test_encodings(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    line = read_file(path, TODAY).lines.row(0, named=True)
    assert (line["line_id"], line["code"], line["name"]) == ("row-1", "8507600090", "锂离子蓄电池")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), max_size=4))
def test_damage_anywhere_gives_no_other_error(tmp_path: Path, damage: list[tuple[int, bytes]]) -> None:
    content = BODY.encode()
    for position, inserted in damage:
        content = content[:position] + inserted + content[position + 1 :]
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with contextlib.suppress(EcidError):
        read_file(path, TODAY)


@pytest.mark.parametrize(
    "content",
    [
        b"<?xml version='1.0'?><DecMessage><DecHead></DecMessage>",
        b"<?xml version='1.0'?><Workbook/>",
        b"<?xml version='1.0' encoding='no-such-thing'?><DecMessage/>",
        b"<?xml version='1.0' encoding='base64'?><DecMessage/>",
        b"<?xml version='1.0' encoding='utf-8'?><DecMessage>\xff</DecMessage>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]><DecMessage><DecHead>&d;</DecHead></DecMessage>',
        b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><DecMessage/>',
    ],
)
def test_messages_that_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile):
        read_file(path, TODAY)
