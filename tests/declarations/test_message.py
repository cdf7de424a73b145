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
    ("content", "zh", "en"),
    [
        (b"<?xml version='1.0'?><DecMessage>\n<DecHead></DecMessage>", "第 2 行", "line 2"),
        (b"<?xml version='1.0'?><Workbook/>", "DecList", "DecList"),
        (b"<?xml version='1.0' encoding='no-such-thing'?><DecMessage/>", "编码“no-such-thing”", "'no-such-thing'"),
        (b"<?xml version='1.0' encoding='base64'?><DecMessage/>", "编码“base64”", "'base64'"),
        (b"<?xml version='1.0' encoding='utf-8'?><DecMessage>\xff</DecMessage>", "编码无法解读", "bytes that mean nothing"),
        (
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]><DecMessage><DecHead>&d;</DecHead></DecMessage>',
            "文档类型",
            "DOCTYPE",
        ),
        (b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><DecMessage/>', "文档类型", "DOCTYPE"),
        (b"<DecMessage>" + b"<a>" * 200_000, "嵌套超过 100 层", "more than 100 deep"),
        (b"<DecMessage a='" + b"x" * 3_000_000, "标签或注释", "tag or comment"),
        (b"<DecMessage><!--" + b"x" * 3_000_000, "标签或注释", "tag or comment"),
        (BODY.replace("<DecHead/>", "<DecHead>&d;</DecHead>").encode(), "第 1 行", "line 1"),
        (BODY[:-20].encode(), "第 1 行", "line 1"),
    ],
)
def test_messages_that_are_refused(tmp_path: Path, content: bytes, zh: str, en: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as refused:
        read_file(path, TODAY)
    sentences = refused.value.sentence("zh"), refused.value.sentence("en")
    assert zh in sentences[0]
    assert en in sentences[1]
    assert not any(name in sentence for sentence in sentences for name in ("Error", "_NotAMessage", "Exception"))


def test_a_value_without_end_costs_its_item_only(tmp_path: Path) -> None:
    long = BODY.replace("锂离子蓄电池", "电" * 40_000)
    head = BODY.replace("<DecHead/>", f"<DecHead><EntryId>{'1' * 40_000}</EntryId></DecHead>")
    path = tmp_path / "a.xml"
    path.write_text(f"<Messages>{BODY}{long}{BODY}{head}{BODY}</Messages>", "utf-8")
    result = read_file(path, TODAY)
    assert result.lines["row"].to_list() == [1, 3, 5]
    assert [(row.row, row.code) for row in result.rejected] == [(2, "oversized_row"), (4, "oversized_row")]


def test_more_items_than_any_message_has(tmp_path: Path) -> None:
    item = BODY.partition("<DecLists>")[2].partition("</DecLists>")[0]
    path = tmp_path / "a.xml"
    path.write_text(f"<DecMessage><DecHead><TradeMode>0110</TradeMode></DecHead><DecLists>{item * 2_500}</DecLists></DecMessage>", "utf-8")
    result = read_file(path, TODAY)
    assert result.lines["row"].to_list() == list(range(1, 2_501))
    assert result.lines["mode"].unique().to_list() == ["0110"]


def test_the_head_of_one_message_is_not_that_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(
        f"<Messages>{BODY.replace('<DecHead/>', '<DecHead><TradeMode>0110</TradeMode></DecHead>')}{BODY.replace('<DecHead/>', '')}</Messages>", "utf-8"
    )
    assert read_file(path, TODAY).lines["mode"].to_list() == ["0110", None]
