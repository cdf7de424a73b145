"""Files of declaration lines by an author who saw nothing of the program, with what was planted in them: how much of it is found, and what else is flagged.

ECID_DATA_DIR=… python -m tests.acceptance.answer_key
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ecid.bootstrap import Platform
from ecid.scoring.result import Finding, Result
from ecid.services.scan_files import Period, scan_files
from ecid.settings import Settings
from tests.pack_index import official_home

SETS = Path(__file__).with_name("written_by_others")
NAMES = ("one", "two", "three")
AS_OF = date(2026, 4, 30)
COUNTED = frozenset({1, 2, 3, 4, 6})
"""Dimensions in which a clean line must not be flagged; `TOO_VAGUE` apart, which is shown beside them."""
NOW = datetime(2026, 4, 30, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Measured:
    """One file against its answer key. `planted` and `found` by family; `missed`: planted lines with the rules that did fire there; lines that are neither
    planted nor doubtful are clean: those flagged in the counted dimensions, those found vague, those flagged in other dimensions, each with its findings."""

    lines: int
    planted: Mapping[str, int]
    found: Mapping[str, int]
    missed: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...]
    clean: int
    flagged: Mapping[str, tuple[str, ...]]
    vague: Mapping[str, tuple[str, ...]]
    elsewhere: Mapping[str, tuple[str, ...]]
    ledger_off: int

    @property
    def found_share(self) -> float:
        """Of the planted lines, those found under a fitting rule."""
        return sum(self.found.values()) / sum(self.planted.values())

    @property
    def flagged_share(self) -> float:
        """Of the clean lines, those flagged in the counted dimensions."""
        return len(self.flagged) / self.clean

    def table(self) -> Iterator[str]:
        """What was found, by family, in Markdown."""
        yield "| family | found |"
        yield "|---|---|"
        yield from (f"| {family.replace('_', ' ')} | {self.found.get(family, 0)} of {of} |" for family, of in sorted(self.planted.items()))
        yield f"| **all** | **{sum(self.found.values())} of {sum(self.planted.values())}: {100 * self.found_share:.1f} %** |"
        yield f"| clean lines flagged in dimensions 1–4 and 6 | {len(self.flagged)} of {self.clean}: {100 * self.flagged_share:.1f} % |"
        yield f"| clean lines found vague; flagged in other dimensions | {len(self.vague)}; {len(self.elsewhere)} |"

    def told(self) -> str:
        """The table with every miss and every false alarm."""
        missed = [f"missed {row['line']} ({row['family']}: {row['why']}), only {', '.join(rules)}" for row, rules in self.missed]
        flagged = [f"flagged {line}: {', '.join(rules)}" for lines in (self.flagged, self.vague, self.elsewhere) for line, rules in lines.items()]
        return "\n".join([*self.table(), "", *missed, *flagged])


def measure(name: str, platform: Platform) -> Measured:
    """Scan the file of the set `name` with what `platform` knows, and hold the result against the key."""
    (file,) = (SETS / name).glob("declarations.*")
    result = scan_files([file], platform.reference, NOW, Period(AS_OF)).result
    also = {row["line"]: row["also_fitting"] for row in _rows(SETS / name / "amended.jsonl")}
    doubtful = {row["line"] for row in _rows(SETS / name / "doubtful.jsonl")}
    expected = [{**row, "fitting_rules": row["fitting_rules"] + also.get(row["line"], [])} for row in _rows(SETS / name / "expected.jsonl")]
    return against(result, [row for row in expected if row["line"] not in doubtful], doubtful)


def against(result: Result, expected: list[dict[str, Any]], doubtful: set[str]) -> Measured:
    """A result against the planted lines; the doubtful ones count neither way."""
    by_line: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        for line in finding.lines:
            by_line[line].append(finding)
    families: dict[str, list[bool]] = defaultdict(list)
    missed = []
    for row in expected:
        rules = {finding.rule for finding in by_line[row["line"]]}
        families[row["family"]].append(bool(rules & {*row["fitting_rules"]}))
        if not families[row["family"]][-1]:
            missed.append((row, tuple(sorted(rules))))
    planted = {row["line"] for row in expected}
    clean = {line: found for line, found in by_line.items() if line not in planted | doubtful}
    taken = sum(finding.points_micro or 0 for finding in result.findings) + sum(cap.points_micro for cap in result.caps)
    return Measured(
        lines=result.lines_judged,
        planted={family: len(found) for family, found in families.items()},
        found={family: sum(found) for family, found in families.items()},
        missed=tuple(missed),
        clean=result.lines_judged - len(planted | doubtful),
        flagged=_rules_of(clean, lambda finding: finding.dimension in COUNTED and finding.rule != "TOO_VAGUE"),
        vague=_rules_of(clean, lambda finding: finding.rule == "TOO_VAGUE"),
        elsewhere=_rules_of(clean, lambda finding: finding.dimension not in COUNTED),
        ledger_off=taken - (100_000_000 - (result.score_exact_micro or 0)),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _rules_of(lines: Mapping[str, list[Finding]], counts: Callable[[Finding], bool]) -> dict[str, tuple[str, ...]]:
    rules = {line: tuple(sorted({finding.rule for finding in found if counts(finding)})) for line, found in lines.items()}
    return {line: found for line, found in rules.items() if found}


def main() -> None:
    """Print the tables of all files, for `docs/score-acceptance.md`."""
    platform = Platform(Settings(home=official_home(Path(os.environ["ECID_DATA_DIR"]))))
    for name in NAMES:
        print(f"## {name}", "", *measure(name, platform).table(), "", sep="\n")


if __name__ == "__main__":
    main()
