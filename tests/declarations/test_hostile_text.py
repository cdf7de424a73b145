"""Text files that mean harm or were damaged: the cases of `hostile.yaml`; and that every row of any file whatever is accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.declarations.lines import ReadResult
from ecid.declarations.readers import read_file
from ecid.errors import EcidError

CASES = yaml.safe_load((Path(__file__).parent / "hostile.yaml").read_text("utf-8"))
TODAY = date(2026, 5, 17)
NAMED = {"HEAD": "商品编号,商品名称,规格型号\n", "GOOD": "8507600090,锂离子蓄电池,1|0|手电筒用\n"}
NAMED |= {f"{name}_CR": text.replace("\n", "\r") for name, text in NAMED.items()}
COUNTS = ("totals_rows", "blank_rows", "heading_rows", "title_rows")


def bytes_of(piece: str | dict[str, Any]) -> bytes:
    if isinstance(piece, str):
        return NAMED.get(piece, piece).encode()
    if "bytes" in piece:
        return bytes.fromhex(piece["bytes"])
    if "repeat" in piece:
        return bytes_of(piece["of"]) * int(piece["repeat"])
    return NAMED.get(piece["text"], piece["text"]).encode(piece["encoding"])


def accounted(result: ReadResult) -> int:
    return result.lines.height + sum(row.row > 0 for row in result.rejected) + sum(getattr(result, name) for name in COUNTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_case(tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"".join(map(bytes_of, case["content"])))
    if "error" in case:
        with pytest.raises(EcidError) as caught:
            read_file(path, TODAY)
        assert caught.value.code == case["error"]
        return
    result = read_file(path, TODAY)
    rejected = case.get("rejected", [])
    if isinstance(rejected, dict):
        assert Counter(row.code for row in result.rejected) == rejected
    else:
        assert [[row.row, row.code] for row in result.rejected] == rejected
    assert result.lines.height == case["lines"]
    counts = {name: getattr(result, name) for name in COUNTS if getattr(result, name)}
    assert counts == {"heading_rows": 1} | {name: case[name] for name in COUNTS if name in case}
    for position, name in ((0, "first"), (-1, "last")):
        if name in case:
            line = result.lines.row(position, named=True)
            assert {column: line[column] for column in case[name]} == case[name]


CELL = st.one_of(
    st.sampled_from(
        ["", "8507600090", "电池", "合计", "商品编号", "商品名称", "1|0|x", "12", "2025-01-02", "310420250000000011", "-", "=1+1", '"', 'a"b', "x\ty"]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r\n,\ufeff\ufffd<"), max_size=8),
)
TABLES = st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=60)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(above=st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=3), rows=TABLES, encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_every_row_is_accounted_for(tmp_path: Path, above: list[list[str]], rows: list[list[str]], encoding: str) -> None:
    lines = [",".join(row).replace("\n", " ") for row in [*above, ["报关单号", "项号", "商品编号", "商品名称", "总价"], *rows]]
    path = tmp_path / "a.csv"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    result = read_file(path, TODAY)
    # A row may span lines where quotation marks make it one; without them each line is a row.
    assert accounted(result) == len(lines) or '"' in "".join(lines)
    assert accounted(result) <= len(lines)
    numbers = [*result.lines["row"].to_list(), *(row.row for row in result.rejected)]
    assert len(numbers) == len(set(numbers))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    damage=st.lists(st.tuples(st.integers(60, 3000), st.binary(min_size=1, max_size=6)), min_size=1, max_size=6), encoding=st.sampled_from(["utf-8", "gb18030"])
)
def test_damage_costs_no_sound_row(tmp_path: Path, damage: list[tuple[int, bytes]], encoding: str) -> None:
    head, good = (NAMED[name].encode(encoding) for name in ("HEAD", "GOOD"))
    rows = [bytearray(good) for _ in range(60)]
    for position, inserted in damage:
        index, place = divmod(position, 60)
        rows[index % 60][place % len(good) : place % len(good)] = inserted.replace(b"\n", b"").replace(b"\r", b"").replace(b'"', b"").replace(b"\0", b"")
    path = tmp_path / "a.csv"
    path.write_bytes(head + b"".join(row if row.endswith(b"\n") else row + b"\n" for row in rows))
    result = read_file(path, TODAY)
    assert accounted(result) == 61
    sound = {number for number, row in enumerate(rows, start=2) if bytes(row) == good}
    assert sound <= set(result.lines["row"].to_list())


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.sampled_from([b"", NAMED["HEAD"].encode(), NAMED["HEAD"].encode("utf-16"), b"<html><table>", b"<DecMessage>", b"PK\x03\x04"]),
    rest=st.binary(max_size=300),
)
def test_no_bytes_give_another_error(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(start + rest)
    result, refusal = outcome(path)
    assert (result is None) != (refusal is None)
    if refusal:
        assert refusal.code in {"unreadable_file", "unsupported_format", "payload_too_large"}
        assert refusal.sentence("zh") != refusal.sentence("en")


def outcome(path: Path) -> tuple[ReadResult | None, EcidError | None]:
    try:
        return read_file(path, TODAY), None
    except EcidError as error:
        return None, error
