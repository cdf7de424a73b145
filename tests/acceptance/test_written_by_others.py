"""Files of an author who saw nothing of the program: what was planted in them is found, and clean lines are left alone (score.md)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecid.bootstrap import Platform
from ecid.settings import Settings
from tests.acceptance.answer_key import NAMES, Measured, measure
from tests.pack_index import official_home


@pytest.fixture(scope="module")
def platform() -> Platform:
    data = os.environ.get("ECID_DATA_DIR")
    if not data:
        pytest.skip("ECID_DATA_DIR is not set: the official files are not at hand")
    return Platform(Settings(home=official_home(Path(data))))


@pytest.fixture(scope="module", params=NAMES)
def measured(request: pytest.FixtureRequest, platform: Platform) -> Measured:
    return measure(request.param, platform)


def test_planted_defects_are_found(measured: Measured) -> None:
    assert sum(measured.planted.values()) >= 150
    assert min(measured.planted.values()) >= 8
    assert measured.found_share >= 0.95, measured.told()


def test_clean_lines_are_left_alone(measured: Measured) -> None:
    assert measured.clean >= 400
    assert measured.flagged_share <= 0.01, measured.told()
    assert len(measured.vague) <= 0.01 * measured.clean, measured.told()


def test_points_add_up(measured: Measured) -> None:
    assert measured.ledger_off == 0
