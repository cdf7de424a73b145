"""What a conversation rests on: the use cases of its tools, held to the one result that it is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from ecid.assistant.conversation import Conversation
from ecid.feed.facts import Fact
from ecid.ports import FactStore
from ecid.scoring.reference import Reference
from ecid.services.assistant_tools import Sources
from ecid.services.find_candidates import Candidates
from ecid.services.score_questions import ScoreQuestions
from ecid.services.search_clauses import Clauses
from ecid.services.verify_domain import Verification


class ConversationSources(Sources, Protocol):
    """The use cases of the tools, and the facts of enterprises."""

    @property
    def store(self) -> FactStore:
        """Facts of enterprises."""


@dataclass(frozen=True, slots=True)
class AboutOneResult:
    """The sources of a conversation: those of the platform, but only the result that the conversation is about."""

    inner: ConversationSources
    own: Conversation

    def questions(self) -> ScoreQuestions:
        """What is asked of stored results."""
        return replace(self.inner.questions(), about=self.own.result)

    def verification(self) -> Verification:
        """Public records."""
        return self.inner.verification()

    @property
    def clauses(self) -> Clauses:
        """Clause search. Raises UnreadableFile where there is no index."""
        return self.inner.clauses

    @property
    def candidates(self) -> Candidates:
        """Candidate headings. Raises UnreadableFile where there is no index."""
        return self.inner.candidates

    @property
    def published(self) -> Reference:
        """The tariff."""
        return self.inner.published

    def today(self) -> date:
        """The civil date in Beijing."""
        return self.inner.today()


def website_of(facts: tuple[Fact, ...]) -> str | None:
    """The website that an enterprise entered last, None where it entered none."""
    entered = [fact for fact in facts if fact.name.startswith("domain#")]
    return max(entered, key=lambda fact: fact.stamp).name.removeprefix("domain#") if entered else None
