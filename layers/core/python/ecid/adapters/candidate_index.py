"""The index of candidates of this installation, within that of clauses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ecid.knowledge.candidates.index_files import FOLDER, CandidateFiles
from ecid.services.find_candidates import Candidates
from ecid.services.place_goods import Knowledge
from ecid.settings import Settings

INDEX = "index"
"""The folder of both under the state directory."""


def open_candidates(settings: Settings, now: Callable[[], datetime]) -> Candidates:
    """Candidate headings. Raises UnreadableFile where there is no index, or a damaged one."""
    return Candidates(CandidateFiles(settings.home / INDEX / FOLDER), now)


def open_knowledge(settings: Settings) -> Knowledge:
    """What dimensions 4 and 9 of the score ask. Raises UnreadableFile where there is no index, or a damaged one."""
    return Knowledge(CandidateFiles(settings.home / INDEX / FOLDER))
