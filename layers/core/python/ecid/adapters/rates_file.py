"""Exchange rates of the knowledge pack, for weighing lines."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ecid.scoring.reference import Rates


def load_rates(pack: Path) -> Rates:
    """The table `rates.toml` of the pack."""
    data = tomllib.loads((pack / "rates.toml").read_text("utf-8"))
    return Rates(data["id"], {(currency, int(year), 0): rate for year, table in data["year"].items() for currency, rate in table.items()})
