"""The toolbox of a caller: which tools there are for whom, and every call with the caller's own rights (docs/assistant.md, "Tools")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from ecid.assistant.caller import Caller
from ecid.assistant.results import ToolResult
from ecid.assistant.toolbox import ARGUMENTS, OF_THE_LEDGER, Tool, tool
from ecid.errors import EcidError, Language
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.services.assistant_ledger import LedgerTools
from ecid.services.assistant_record import get_record
from ecid.services.assistant_sources import Records, SourceTools, refused, score_method
from ecid.services.find_candidates import Candidates
from ecid.services.score_questions import ScoreQuestions
from ecid.services.search_clauses import Clauses
from ecid.services.verify_domain import Verification

_log = logging.getLogger(__name__)
_Call = Callable[[Any], ToolResult]


class Sources(Protocol):
    """The use cases that tools rest on; each is started when a tool first needs it."""

    def questions(self) -> ScoreQuestions:
        """What is asked of stored results."""

    def verification(self) -> Verification:
        """Public records."""

    @property
    def clauses(self) -> Clauses:
        """Clause search. Raises UnreadableFile where there is no index."""

    @property
    def candidates(self) -> Candidates:
        """Candidate headings. Raises UnreadableFile where there is no index."""

    @property
    def published(self) -> Reference:
        """The tariff."""

    def today(self) -> date:
        """The civil date in Beijing."""


class CallerToolbox:
    """The tools of one caller, for one turn of a conversation: the result that the ledger tools read is read once. `lang` is that of citations."""

    def __init__(self, sources: Sources, caller: Caller, lang: Language) -> None:
        self._sources, self._caller, self._lang = sources, caller, lang

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """Those that this caller has."""
        return tuple(tool(name) for name in ARGUMENTS if name not in OF_THE_LEDGER or self._caller.sees_ledger)

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """See `ecid.assistant.toolbox.Toolbox`. What a caller lacks is not told from what there is not."""
        own = next((one for one in self.tools if one.name == name), None)
        if own is None:
            return ToolResult(name[:40], {}, "refused", "no_such_tool")
        try:
            asked = own.arguments.model_validate(arguments)
        except ValidationError:
            return ToolResult(name, {}, "refused", "bad_arguments")
        return self._answered(name, asked)

    def _answered(self, name: str, asked: BaseModel) -> ToolResult:
        try:
            return self._calls[name](asked)
        except EcidError as error:
            return refused(name, asked.model_dump(mode="json"), error)
        except Exception as error:  # noqa: BLE001 - a tool that fails must not end the conversation; the message may carry what a declaration said
            _log.error("tool %s failed: %s", name, type(error).__name__)
            return ToolResult(name, asked.model_dump(mode="json"), "failed", EcidError.code)

    @cached_property
    def _calls(self) -> Mapping[str, _Call]:
        sources, today = self._sources, self._sources.today()
        public = SourceTools(self._records, lambda: sources.clauses, lambda: sources.candidates, lambda: sources.published.tariff)
        calls: dict[str, _Call] = {
            "get_record": lambda asked: get_record(asked, sources.verification()),
            "search_clauses": lambda asked: public.search_clauses(asked, today),
            "get_clause": lambda asked: public.get_clause(asked, today),
            "get_tariff_line": lambda asked: public.get_tariff_line(asked, today),
            "find_candidates": lambda asked: public.find_candidates(asked, today),
            "score_method": lambda asked: score_method(asked, load_policy()),
        }
        if self._caller.enterprise is None or not self._caller.sees_ledger:
            return calls
        ledger = LedgerTools(sources.questions(), self._caller.enterprise, self._records)
        return calls | {name: getattr(ledger, name) for name in OF_THE_LEDGER}

    @property
    def _records(self) -> Records:
        return Records(lambda: self._sources.clauses, self._lang)


def toolbox(sources: Sources, caller: Caller, lang: Language) -> CallerToolbox:
    """The tools of a caller."""
    return CallerToolbox(sources, caller, lang)
