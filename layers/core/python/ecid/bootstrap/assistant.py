"""The assistant as the settings have it: its models, and its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ecid.assistant.watch import Limits
from ecid.bootstrap.once import once
from ecid.services.conversation_sources import ConversationSources
from ecid.services.converse import Conversing, Lasting
from ecid.settings import PLANNER, Settings

if TYPE_CHECKING:
    from ecid.assistant.agent import ChatModel
    from ecid.assistant.caller import Caller
    from ecid.assistant.planner.model import PlannerModel
    from ecid.errors import Language
    from ecid.ports import ConversationStore


class SettingsModels:
    """`ecid.services.assistant_turn.Models`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """See the protocol."""
        return self._settings.model

    def planner(self, caller: Caller, lang: Language, domain: str | None) -> PlannerModel:
        """See the protocol."""
        from ecid.assistant.planner.model import PlannerModel

        return PlannerModel(caller=caller, lang=lang, domain=domain)

    def chosen(self) -> ChatModel | None:
        """See the protocol."""
        return None if self._settings.model == PLANNER else self._chosen

    @once
    def _chosen(self) -> ChatModel | None:
        from ecid.adapters.models import chosen

        return chosen(self._settings)


def conversing(sources: ConversationSources, store: ConversationStore, settings: Settings) -> Conversing:
    """Conversations over these stores."""
    limits = Limits(silence=settings.model_silence_ms / 1000, total=settings.model_total_ms / 1000)
    lasting = Lasting(timedelta(hours=settings.conversation_idle_hours), timedelta(days=settings.conversation_days))
    return Conversing(sources, store, SettingsModels(settings), limits=limits, lasting=lasting)
