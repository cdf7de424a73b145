"""What costs seconds to make and is read only is made once in a session."""

from __future__ import annotations

import pytest

from tests.small_home import SmallPlatform, make_home


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallPlatform:
    """A small installation with its indexes, on 17 May 2026."""
    return make_home(tmp_path_factory.mktemp("small"))
