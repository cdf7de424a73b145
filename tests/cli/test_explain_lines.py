"""`ecid explain NEW --against OLD --lines FILE…`: the earlier files scored again under the later rules part rules from facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid.adapters.knowledge_files import load_reference
from ecid.bootstrap import Platform
from ecid.cli.explain import explain_command
from ecid.errors import EcidError
from ecid.scoring.reference import Reference
from ecid.scoring.result import to_json
from ecid.services.scan_files import Period, scan_files
from ecid.settings import Settings
from ecid.tariff.reference import Tariff

ROOT = Path(__file__).parents[2]
ROWS = (ROOT / "knowledge" / "samples" / "harborlight" / "declarations.csv").read_text("utf-8").splitlines()
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
THEN = load_reference([ROOT / "knowledge"])
GIVEN_UP = "94054100"
"""A code of the sample that the later rules do not know."""


def without(reference: Reference, code: str) -> Reference:
    """The same tariff, but its selections are whole editions now, which one code is gone from."""
    editions = [
        replace(edition, complete=True, sha256="9" * 64, lines={own: line for own, line in edition.lines.items() if own != code})
        for edition in reference.tariff.editions
    ]
    tariff = Tariff(editions, reference.tariff.nomenclatures, reference.tariff.conversions)
    return replace(reference, tariff=tariff, versions={**reference.versions, **tariff.versions()})


LATER = without(THEN, GIVEN_UP)


class Knowing(Platform):
    """The platform with this reference, complete as it is."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(Settings())
        self._known = reference

    def reference(self) -> Reference:  # type: ignore[override]
        return self._known

    def has_index(self) -> bool:
        return True


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """An earlier file of two, a later one, what each scan said then, and another scan of the later lines that asks for a period."""
    folder = tmp_path_factory.mktemp("lines")
    found = {name: folder / f"{name}.csv" for name in ("one", "two", "later")}
    for name, rows in (("one", ROWS[1:100]), ("two", ROWS[100:150]), ("later", ROWS[1:260])):
        found[name].write_text("\n".join([ROWS[0], *rows]), "utf-8")
    scans: dict[str, tuple[Sequence[str], Reference, Period]] = {
        "old": (["one", "two"], THEN, Period(date(2026, 6, 1))),
        "new": (["later"], LATER, Period(date(2026, 11, 23))),
        "old period": (["one", "two"], THEN, Period(date(2026, 6, 1), date(2025, 1, 1), date(2025, 12, 31))),
        "new period": (["later"], LATER, Period(date(2026, 11, 23), date(2025, 1, 1), date(2025, 12, 31))),
    }
    for name, (read, reference, period) in scans.items():
        result = scan_files([found[file] for file in read], partial(replace, reference), NOW, period).result
        found[name] = folder / f"{name}.json"
        found[name].write_text(json.dumps(to_json(result, [], "zh")), "utf-8")
    return found


def explained(files: Mapping[str, Path], *arguments: str, reference: Reference = LATER) -> Result:
    paths = [str(files.get(argument, argument)) for argument in arguments]
    return CliRunner().invoke(explain_command, [*paths, "--json"], obj=Knowing(reference))


def told(files: Mapping[str, Path], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(explained(files, *arguments).stdout)
    return found


@pytest.mark.parametrize("kind", ["", " period"])
def test_the_earlier_files_part_rules_from_facts(files: Mapping[str, Path], kind: str) -> None:
    asked = (f"new{kind}", "--against", f"old{kind}")
    blind, parted = told(files, *asked), told(files, *asked, "--lines", "one", "--lines", "two")
    for found in (blind, parted):
        before, after = found["scores_micro"]
        assert found["difference_micro"] == after - before == found["by_facts_micro"] + found["by_rules_micro"] + found["undecided_micro"]
    assert (blind["by_facts_micro"], blind["by_rules_micro"]) == (0, 0)
    assert parted["undecided_micro"] == 0 > parted["by_rules_micro"]
    gone = [move for move in parted["moves"] if move["rule"] in ("CODE_UNKNOWN", "CODE_NOT_IN_FORCE") and move["code"].startswith(GIVEN_UP)]
    assert all(move["by_rules_micro"] < 0 for move in gone)
    assert gone


@pytest.mark.parametrize(
    ("lines", "reference", "differs"),
    [(["one"], LATER, "input_sha256"), (["later"], LATER, "input_sha256"), (["one", "two"], THEN, "reference")],
    ids=["one is missing", "other lines", "other rules"],
)
def test_what_does_not_lie_between_is_refused(files: Mapping[str, Path], lines: list[str], reference: Reference, differs: str) -> None:
    refusal = explained(files, "new", "--against", "old", *(part for name in lines for part in ("--lines", name)), reference=reference).exception
    assert isinstance(refusal, EcidError)
    assert refusal.code == "bad_input"
    assert all(differs in refusal.sentence(lang) for lang in ("zh", "en"))


def test_lines_alone_are_a_usage_error(files: Mapping[str, Path]) -> None:
    assert explained(files, "new", "--lines", "one").exit_code == 2
