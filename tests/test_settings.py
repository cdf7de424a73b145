"""Settings: read once, typed, and refused with the variable's name when they make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecid.errors import BadInput
from ecid.settings import Settings, settings_from


def test_defaults_and_empty_values() -> None:
    assert settings_from({}) == settings_from({"ECID_OPERATOR": "", "OTHER": "x"}) == Settings()


def test_values_have_their_types() -> None:
    settings = settings_from({"ECID_HOME": "state", "ECID_DATA_DIR": "data", "ECID_OPERATOR": "Someone", "ECID_SAMPLE_SUFFIXES": "example, Test"})
    assert (settings.home, settings.data_dir, settings.operator) == (Path("state"), Path("data"), "Someone")
    assert settings.reserved_suffixes == {"example", "test"}


def test_a_value_that_is_not_allowed_names_its_variable() -> None:
    with pytest.raises(BadInput, match="ECID_PUBLIC_ANOMALIES"):
        settings_from({"ECID_PUBLIC_ANOMALIES": "all"})
