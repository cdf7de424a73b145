"""Customs units (计量单位): what each of them measures, how one converts into another, and how it is called. Data: `units.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ecid.declarations import vocabulary


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. Quantities in units of one `measure` convert: `factor` leads to the first unit of it. `physical` tells measuring from counting."""

    code: str
    name: Mapping[str, str]
    measure: str
    factor: float
    physical: bool
    packing: bool
    liquid: bool

    @property
    def counts(self) -> bool:
        """Whether it counts the goods themselves."""
        return not self.physical and not self.packing


@cache
def units() -> Mapping[str, Unit]:
    """All units of the customs list by code."""
    data = tomllib.loads(files("ecid.scoring").joinpath("units.toml").read_text("utf-8"))
    scales = {
        code: (measure, float(factor), kind == "measured")
        for kind in ("measured", "counted")
        for measure, factors in data[kind].items()
        for code, factor in factors.items()
    }
    names = vocabulary.read_toml("units.toml")
    found = {}
    for code, english in data["english"].items():
        measure, factor, physical = scales.get(code, (code, 1.0, False))
        chinese = names[code]
        assert isinstance(chinese, list)  # noqa: S101 - shape of our own data file
        name = {"zh": str(chinese[0]), "en": english}
        found[code] = Unit(code, name, measure, factor, physical, code in data["packing"], code in data["liquid"])
    return found


def unit_name(code: str) -> Mapping[str, str]:
    """The name of a unit by language; what is no code of the list stands for itself."""
    known = units().get(code)
    return known.name if known else {"zh": code, "en": code}


def counted_unit(measure: str) -> Mapping[str, str]:
    """The name of the unit that a measure is counted in, e.g. 个 for what is counted by the piece, the hundred or the thousand."""
    return next(unit.name for unit in units().values() if unit.measure == measure and unit.factor == 1.0)


def is_code(text: str | None) -> bool:
    """Whether `text` is a customs code of three digits, in the list or not. Other wordings (PCS) were left as written, since they may mean several units."""
    return text is not None and len(text) == 3 and text.isascii() and text.isdigit()
