"""Whether the index is of what is loaded is told by a note beside it: any change of what goes in, or of its files, makes it another one's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecid.adapters.index_making import make_index
from ecid.adapters.index_sources import is_noted
from ecid.bootstrap import LocalPlatform, Platform
from ecid.errors import UnreadableFile
from ecid.settings import Settings
from tests.small_home import PACK, SmallPlatform

CANDIDATES = Path("home") / "index" / "candidates"
Change = Callable[[Path], object]


@pytest.fixture
def settings(small: SmallPlatform, tmp_path: Path) -> Settings:
    """A copy of the small installation."""
    shutil.copytree(small.settings.home, tmp_path / "home")
    shutil.copytree(small.settings.pack_dir, tmp_path / "pack")
    return Settings(home=tmp_path / "home", pack_dir=tmp_path / "pack")


def _imported(folder: Path) -> None:
    (folder / "home" / "knowledge").mkdir()
    (folder / "home" / "knowledge" / "cn-2025.jsonl").write_text("{}\n")


def _flipped(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _first(folder: Path) -> Path:
    return min((folder / CANDIDATES).glob("*.arrays"))


CHANGES: dict[str, Change] = {
    "a word of the pack": lambda folder: (folder / "pack" / "gri.toml").write_text((folder / "pack" / "gri.toml").read_text("utf-8") + "\n", "utf-8"),
    "a file of the pack that was renamed": lambda folder: (folder / "pack" / "gri.toml").rename(folder / "pack" / "rules.toml"),
    "a file of the pack that went": lambda folder: (folder / "pack" / "confusions.toml").unlink(),
    "an import": _imported,
    "a bit of the index": lambda folder: _flipped(_first(folder)),
    "a file of the index that went": lambda folder: _first(folder).unlink(),
    "a file too many in the index": lambda folder: (folder / CANDIDATES / "more.arrays").touch(),
    "all candidates gone": lambda folder: shutil.rmtree(folder / CANDIDATES),
    "no index": lambda folder: shutil.rmtree(folder / "home" / "index"),
    "a note that is none": lambda folder: (folder / "home" / "index" / "made_of.json").write_text("[]"),
    "a note that is damaged": lambda folder: (folder / "home" / "index" / "made_of.json").write_text('{"sources": '),
    "no note": lambda folder: (folder / "home" / "index" / "made_of.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_knowledge_or_another_index_is_noticed(change: Change, settings: Settings, tmp_path: Path) -> None:
    assert is_noted(settings)
    change(tmp_path)
    assert not is_noted(settings)


def test_what_no_index_is_made_of_changes_nothing(settings: Settings) -> None:
    for folder in ("samples", "evaluation"):
        (settings.pack_dir / folder).mkdir()
        (settings.pack_dir / folder / "lines.toml").write_text("more = 1")
    assert is_noted(settings)


def test_the_same_installation_elsewhere_is_the_same(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "home").rename(tmp_path / "there" / "home")
    (tmp_path / "pack").rename(tmp_path / "there" / "pack")
    assert is_noted(Settings(home=tmp_path / "there" / "home", pack_dir=tmp_path / "there" / "pack"))


def test_a_whole_index_without_its_note_is_not_made_again(settings: Settings, tmp_path: Path) -> None:
    before = _first(tmp_path).stat().st_mtime_ns
    (settings.home / "index" / "made_of.json").unlink()
    make_index(settings)
    assert is_noted(settings)
    assert _first(tmp_path).stat().st_mtime_ns == before


def test_on_a_machine_a_score_does_without_an_index_of_something_else_and_in_aws_it_does_not(settings: Settings, tmp_path: Path) -> None:
    assert LocalPlatform(settings).reference().placement is not None
    shutil.copy(PACK / "aeo.toml", settings.pack_dir / "aeo.toml")
    assert LocalPlatform(settings).reference().placement is None
    shutil.rmtree(tmp_path / CANDIDATES)
    with pytest.raises(UnreadableFile):
        Platform(settings).reference()


def test_the_tariff_is_had_without_any_index(settings: Settings) -> None:
    nowhere = replace(settings, home=settings.home / "none")
    assert Platform(nowhere).published.placement is None
    assert Platform(nowhere).published.tariff.editions
