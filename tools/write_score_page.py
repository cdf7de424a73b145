"""Write `docs/score.md`, the method of the score in plain words: `make score-page`.

The words stand in `tools/score_page`, a template for each language; every figure comes from the policy file, or from scanning `docs/examples/score.csv` with
the knowledge pack alone. `tests/test_score_page.py` fails while the page says anything else than the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ecid.bootstrap import Platform
from ecid.declarations.readers import read_file
from ecid.errors import Language
from ecid.scoring.causes import causes_of
from ecid.scoring.engine import Request, Run, run
from ecid.scoring.forecast import forecast
from ecid.scoring.losses import loss_table
from ecid.scoring.plan import plan
from ecid.scoring.policy import PPM, Policy, load_policy
from ecid.scoring.result import to_json
from ecid.scoring.whatif import simulate
from ecid.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "score.md"
EXAMPLE = ROOT / "docs" / "examples" / "score.csv"
AS_OF = date(2025, 12, 31)
TARGET = 90
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_FEN = 100
_MONTHS_APART = 3


def page(installation: Platform) -> str:
    """The whole page, in Markdown, as an installation writes it that knows the pack alone and has its index."""
    policy, reference = load_policy(), installation.reference()
    lines = read_file(EXAMPLE, AS_OF).lines
    made = run(lines, reference, policy, Request("file", "file", AS_OF))
    words = FileSystemLoader(Path(__file__).with_name("score_page"))
    shown = Environment(loader=words, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # noqa: S701 - Markdown
    shown.filters |= {"percent": percent, "points": points, "tenths": tenths, "tidy": _tidy}
    facts = {"policy": policy, "as_of": AS_OF, "target": TARGET, "lines": len(lines), "weights": _weights(made, policy)}
    months = forecast(made, reference.tariff, policy).months[::_MONTHS_APART]
    texts = {lang: shown.get_template(f"{lang}.md.j2").render(facts, months=months, **_told(made, policy, lang)) for lang in _LANGUAGES}
    return shown.get_template("page.md.j2").render(texts)


def percent(ppm: int | Decimal) -> str:
    """Millionths as a percentage: 22500 as 2.25 %."""
    return f"{_tidy(Decimal(ppm) / 10_000)} %"


def points(micro: int) -> str:
    """Millionths of a point, all of them, since only these add up."""
    return f"{micro // PPM}.{micro % PPM:06}"


def tenths(micro: int) -> str:
    """Points as they are shown: one decimal, floored."""
    return f"{micro // PPM}.{micro % PPM // (PPM // 10)}"


def _tidy(number: Decimal | int) -> str:
    """Without zeros at the end, thousands set apart."""
    plain = f"{Decimal(number):,f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _weights(made: Run, policy: Policy) -> Mapping[str, Any]:
    """What the lines weigh: number, RMB and cells of all; and by kind, alike lines together, how many there are, their value and their weight."""
    lines = made.judgements.lines.select("value", "w", cell=pl.concat_str("code8", pl.col("day").dt.strftime("@%Y-%m")))
    in_cell = Counter(lines["cell"].to_list())
    total = int(lines["value"].sum())
    kinds = Counter((value, in_cell[cell], weight) for value, weight, cell in lines.select("value", "w", "cell").iter_rows())
    unit = policy.total_weight // PPM
    return {
        "lines": len(lines),
        "value": total // _FEN,
        "cells": len(in_cell),
        "largest": max(value for value, _, _ in kinds) * PPM // total,
        "heaviest": Decimal(max(weight for _, _, weight in kinds)) / unit,
        "kinds": [
            {
                "lines": count,
                "value": value // _FEN,
                "by_value": Decimal(value) * PPM / total,
                "by_cell": Decimal(PPM) / len(in_cell) / together,
                "weight": Decimal(weight) / unit,
                "of_all": Decimal(weight * count) / unit,
            }
            for (value, together, weight), count in sorted(kinds.items(), key=lambda item: -item[1])
        ],
    }


def _told(made: Run, policy: Policy, lang: Language) -> Mapping[str, Any]:
    """The result in one language, with what is asked of it. Shares are in millionths."""
    result, causes, table = made.result, causes_of(made), loss_table(made, policy)
    found = to_json(result, [], lang)
    defects = dict(made.defects.rows.group_by("rule").agg(pl.col("x").max()).iter_rows())
    return {
        "found": found,
        "missing": 100 * PPM - (result.score_exact_micro or 0),
        "coverage": result.coverage_ppm,
        "dimensions": [
            item | {"whole": dimension.weight, "full": dimension.full_ppm, "share": judged.share_ppm}
            for item, dimension, judged in zip(found["dimensions"], policy.dimensions, result.dimensions, strict=True)
        ],
        "findings": [
            item | {"share": finding.weight_share_ppm, "defect": defects[finding.rule]}
            for item, finding in zip(found["findings"], result.findings, strict=True)
        ],
        "causes": [cause.to_json(lang) for cause in causes],
        "simulated": simulate(table, causes[0].findings).to_json(lang),
        "planned": plan(table, causes, result.findings, TARGET).to_json(lang),
    }


if __name__ == "__main__":
    installation = Platform(Settings(home=ROOT / "build" / "score-page"))
    installation.make_index()
    PAGE.write_text(page(installation), "utf-8")
