"""Tariff editions over time: lines, declaration elements (申报要素), the international nomenclature and its conversions."""
