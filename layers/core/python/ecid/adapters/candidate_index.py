"""The index of candidates of this installation, within that of clauses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ecid.errors import UnreadableFile
from ecid.knowledge.candidates.index_files import FOLDER, CandidateFiles
from ecid.services.find_candidates import Candidates
from ecid.services.place_goods import Knowledge
from ecid.settings import Settings

_log = logging.getLogger(__name__)
INDEX = "index"
"""The folder of both under the state directory."""


def open_candidates(settings: Settings, now: Callable[[], datetime]) -> Candidates:
    """Candidate headings. Raises UnreadableFile where there is no index, or a damaged one."""
    return Candidates(CandidateFiles(settings.home / INDEX / FOLDER), now)


def open_knowledge(settings: Settings) -> Knowledge | None:
    """What dimensions 4 and 9 of the score ask; None where no index was made. A damaged one is not used either, which the log says."""
    folder = settings.home / INDEX / FOLDER
    if not folder.is_dir():
        return None
    try:
        return Knowledge(CandidateFiles(folder))
    except UnreadableFile as error:
        _log.warning("dimensions 4 and 9 are not judged: %s", error)
        return None
