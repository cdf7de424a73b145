"""Plausible strings for every line of the 2025 catalogue: the rules of dimension 3 leave them alone. Needs ECID_DATA_DIR."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecid.scoring.elements.answers import expected
from ecid.scoring.elements.bounds import bounds, readings
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.goods import Goods, goods_of
from ecid.tariff.model import Element, TariffLine
from tests.scoring.elements import corpus

_DATA = os.environ.get("ECID_DATA_DIR", "")
_PURPOSES = (("elem_classification", "classification"), ("elem_price", "price"), ("elem_other", "other"))
_SHARE_ALLOWED = 0.005

pytestmark = pytest.mark.skipif(not _DATA, reason="ECID_DATA_DIR is not set")


def _elements(row: dict[str, str]) -> tuple[Element, ...]:
    found = []
    for column, purpose in _PURPOSES:
        for part in re.split(r"[;；]\s*(?=\d+\.)", row[column]) if row[column] else []:
            if match := re.match(r"(\d+)\.(.*)", part.strip()):
                found.append(Element(int(match[1]), match[2].strip(" ；"), purpose))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda element: element.number))


def lines() -> Iterator[TariffLine]:
    with (Path(_DATA) / "cn-catalogue-2025" / "tariff_elements.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            path = tuple(part.strip() for part in row["path"].split(" > ") if part.strip())
            yield TariffLine(row["code"], row["name"], path, elements=_elements(row))


def _supported(pairs: list[list[str]], text: str, otherwise: str) -> str:
    return next((value for word, value in pairs if word in text), otherwise)


def _option(label: str, text: str, otherwise: str) -> str:
    options = [option for option in label_of(label).options if not re.search(r"是否|请|如|\d|××", option)]
    fitting = [option for option in options if option.removesuffix("的").removesuffix("式").removesuffix("制") in text]
    return (fitting or options or [otherwise])[0]


def _special(token: str, label: str, line: TariffLine, data: dict[str, Any]) -> str:
    text = " ".join((line.name, *reversed(line.path)))
    if token == "{answer}":
        return "否" if expected(label, line.name, line.name, line.path) == "no" else "是"
    if token == "{length}":
        return str(data["length"])
    if token == "{use}":
        return str(data["machine"] if "适用于" in label else data["use"])
    if token == "{composition}":
        by_chapter = next(value for chapter, value in data["composition"] if line.code.startswith(chapter))
        return _supported(data["fibres"], text, by_chapter) if "50" <= line.code[:2] <= "63" else str(by_chapter)
    if token == "{material}":
        return _option(label, text, "") or _supported(data["material"], text, "涤纶布")
    return _option(label, text, str(data["option"]))


def _within(label: str, value: str, line: TariffLine) -> str:
    """The value, moved into the bounds of the code's own text where it has some for this quantity."""
    for reading in readings(label, line.code):
        fitting = [b for b in bounds(line.code, line.name, line.path) if b.concept == reading.concept and b.dimension == reading.dimension]
        if fitting:
            low = max((b.low for b in fitting), default=0.0)
            high = min((b.high for b in fitting), default=0.0)
            middle = (low + high) / 2 if max(abs(low), abs(high)) != float("inf") else low * 1.2 if abs(high) == float("inf") else high * 0.8
            first = {"mass": "g", "length": "mm", "volume": "ml", "power": "W", "apparent_power": "VA", "voltage": "V", "areal_density": "g/m2"}
            first |= {"linear_density": "dtex", "ratio": "%", "stress": "MPa", "force": "N", "frequency": "Hz", "heat_power": "W", "flow": "L/h"}
            unit = first.get(reading.dimension, "g/cm3" if reading.dimension == "density" else "")
            number = f"{middle:.6f}".rstrip("0").rstrip(".")
            return f"{number}{unit}×1200mm" if reading.pick == "min" else f"{number}{unit}"
    return value


def _value(element: Element, line: TariffLine) -> str:
    data = corpus.read("plausible")
    base = label_of(element.label).base
    token = next((value for pattern, value in data["values"] if re.fullmatch(pattern, base)), data["option"])
    value = _special(token, element.label, line, data) if token.startswith("{") else str(token)
    return _within(element.label, value, line)


def plausible(line: TariffLine) -> Goods:
    name = line.name if not line.name.startswith("其他") else re.split(r"[：:，,（(]", line.path[0])[0] if line.path else line.name
    return goods_of(line.code, name, "|".join(["0", "0", *(_value(element, line) for element in line.elements)]), None, line)


def test_plausible_strings_pass() -> None:
    judged = [plausible(line) for line in lines()]
    flagged = [(goods.code, [(rule, f.label, f.seen) for rule, f in found]) for goods in judged if (found := corpus.findings(goods))]
    assert len(judged) > 8_900
    assert len(flagged) <= _SHARE_ALLOWED * len(judged), flagged[:20]
