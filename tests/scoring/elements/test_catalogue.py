"""Plausible strings for every line of the 2025 catalogue: the rules of dimension 3 leave them alone. Needs ECID_DATA_DIR."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ecid.scoring.elements.answers import expected
from ecid.scoring.elements.bounds import bounds, readings
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.shares import substance_bound
from ecid.scoring.goods import Goods, Partings, goods_of, partings_of
from ecid.tariff.model import Element, Purpose, TariffLine
from tests.scoring.elements import corpus

_DATA = os.environ.get("ECID_DATA_DIR", "")
_PURPOSES: dict[str, Purpose] = {"elem_classification": "classification", "elem_price": "price", "elem_other": "other"}
_SHARE_ALLOWED = 0.005
_STEM = re.compile(r"^用|[的式制品]$|机械(?=硬盘)")

pytestmark = pytest.mark.skipif(not _DATA, reason="ECID_DATA_DIR is not set")


def _elements(row: dict[str, str]) -> tuple[Element, ...]:
    parts = [
        (match, purpose)
        for column, purpose in _PURPOSES.items()
        for part in re.split(r"[;；]\s*(?=\d+\.)", row[column])
        if (match := re.match(r"(\d+)\.(.*)", part.strip()))
    ]
    return tuple(sorted((Element(int(match[1]), match[2].strip(" ；"), purpose) for match, purpose in parts), key=lambda element: element.number))


def lines() -> Iterator[TariffLine]:
    with (Path(_DATA) / "cn-catalogue-2025" / "tariff_elements.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            path = tuple(part.strip() for part in row["path"].split(" > ") if part.strip())
            yield TariffLine(row["code"], row["name"], path, elements=_elements(row))


def _supported(pairs: list[list[str]], texts: tuple[str, ...], otherwise: str) -> str:
    """The value of the first word, reading the code's texts from the deepest up, that one of them holds."""
    return next((value for text in texts for word, value in pairs if word in text), otherwise)


def _option(label: str, texts: tuple[str, ...], otherwise: str, partings: Partings) -> str:
    offered = [option for option in label_of(label).options if not re.search(r"是否|请|如|\d|××", option)]
    # What other lines are told apart by belongs there, unless the own text (without the heading's, which comes last) says it too.
    own = "".join(texts[:-1])
    options = offered
    if len(offered) > 1 or not label_of(label).closed:
        options = [option for option in offered if not any(_STEM.sub("", option) in theirs for _, theirs in partings) or _STEM.sub("", option) in own]
    for text in texts:
        supported = [str(value) for word, value, part in corpus.read("plausible")["supports"] if word in text and part in label]
        fitting = [option for option in options if re.search(rf"(?<![未非不]){option.removesuffix('的').removesuffix('式').removesuffix('制')}", text)]
        if supported or fitting:
            return (supported or sorted(fitting, key=len, reverse=True))[0]
    return (options or [otherwise])[0]


def _special(token: str, label: str, line: TariffLine, partings: Partings) -> str:
    data = corpus.read("plausible")
    texts = (line.name, *reversed(line.path))
    if token == "{answer}":
        return "否" if expected(label, line.name, line.name, line.path) == "no" else "是"
    if token == "{length}":
        return str(data["length"])
    if token == "{use}":
        return str(data["machine"] if "适用于" in label else data["use"])
    if token == "{composition}":
        main = next(value for chapter, value in data["composition"] if line.code.startswith(chapter))
        if "50" <= line.code[:2] <= "63":
            main = _supported(data["fibres"], texts, main)
        minor = any("%以下" in re.sub(r"％", "%", text) for text in texts)
        return f"{main}60%，其他纤维40%" if minor else f"{main}100%"
    if token == "{material}":
        return _option(label, texts, "", partings) or _supported(data["material"], texts, "涤纶布")
    return _option(label, texts, str(data["option"]), partings)


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
            width = "400mm" if any("宽度小于600毫米" in text for text in line.path) else "1200mm"
            return f"{number}{unit}×{width}" if reading.pick == "min" else f"{number}{unit}"
    # Texts that bound the share of a substance ask for at least so much of it; the default is a trace.
    return "99.999%" if substance_bound(label, value, line.code, line.name, line.path) else value


def _value(element: Element, line: TariffLine, partings: Partings) -> str:
    data = corpus.read("plausible")
    base = label_of(element.label).base
    token = next((value for pattern, value in data["values"] if re.fullmatch(pattern, base)), data["option"])
    value = _special(token, element.label, line, partings) if token.startswith("{") else str(token)
    return _within(element.label, value, line)


def plausible(line: TariffLine, partings: Partings = ()) -> Goods:
    name = line.name if not line.name.startswith("其他") else re.split(r"[：:，,（(]", line.path[0])[0] if line.path else line.name
    values = (_value(element, line, partings) for element in line.elements)
    return goods_of(line.code, name, "|".join(["0", "0", *values]), None, line, partings)


@pytest.fixture(scope="module")
def official() -> Mapping[str, TariffLine]:
    return {line.code: line for line in lines()}


@pytest.fixture(scope="module")
def partings(official: Mapping[str, TariffLine]) -> Mapping[str, Partings]:
    headings: dict[str, list[TariffLine]] = {}
    for code, line in official.items():
        headings.setdefault(code[:4], []).append(line)
    return {code: partings_of(line, headings[code[:4]]) for code, line in official.items()}


def test_plausible_strings_pass(official: Mapping[str, TariffLine], partings: Mapping[str, Partings]) -> None:
    judged = [plausible(line, partings[code]) for code, line in official.items()]
    flagged = [(goods.code, [(rule, f.label, f.seen) for rule, f in found]) for goods in judged if (found := corpus.findings(goods))]
    assert len(judged) > 8_900
    assert len(flagged) <= _SHARE_ALLOWED * len(judged), flagged[:20]


def test_corpora_hold_on_the_official_texts(monkeypatch: pytest.MonkeyPatch, official: Mapping[str, TariffLine], partings: Mapping[str, Partings]) -> None:
    monkeypatch.setattr(corpus, "line", official.__getitem__)
    monkeypatch.setattr(corpus, "partings", partings.__getitem__)
    alarms = [case["id"] for case in corpus.clean() if corpus.findings(corpus.goods(case))]
    assert alarms == []
    planted = corpus.planted()
    missed = [(rule, case) for rule, case in planted if [(code, f.position) for code, f in corpus.findings(corpus.with_defect(case))] != [(rule, case["at"])]]
    assert missed == []
