"""What an answer is written from: the question, who asks, and the results of the tools; and the small parts of a draft."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.drafts import SLOT
from ecid.assistant.planner.memory import Asked
from ecid.assistant.planner.records import phrases
from ecid.assistant.results import Fact, ToolResult, Value, citations_of, facts_of
from ecid.assistant.sentences import sentences

Parts = list[dict[str, Any]]
"""Blocks of a draft as JSON (`ecid.assistant.drafts`)."""


@dataclass(frozen=True)
class Told:
    """A question with everything found for it. `cited` collects the ids of records that the answer speaks of."""

    asked: Asked
    caller: Caller
    results: Sequence[ToolResult]
    cited: list[str] = field(default_factory=list)

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """All facts by name."""
        return facts_of(self.results)

    @cached_property
    def refs(self) -> frozenset[str]:
        """The blocks that tools have ready."""
        return frozenset(ref for result in self.results for ref in result.parts)

    def value(self, name: str) -> Value:
        """The value of a fact, None where there is none."""
        fact = self.facts.get(name)
        return None if fact is None else fact.value

    def of(self, tool: str) -> list[ToolResult]:
        """The results of a tool, in order."""
        return [one for one in self.results if one.tool == tool]

    def say(self, name: str, **places: object) -> str:
        """A phrase with its places put in; "" where a fact that it needs is not there, or where a reviewed sentence in it may not be said."""
        text = phrases()[name][self.asked.lang]
        for place, value in places.items():
            text = text.replace(f"<{place}>", str(value))
        return text if all(self._there(found[1]) for found in SLOT.finditer(text)) else ""

    def fixed(self, name: str) -> str:
        """A reviewed sentence as a slot, "" where it may not be said here."""
        return f"{{say.{name}}}" if self._there(f"say.{name}") else ""

    def _there(self, slot: str) -> bool:
        if not slot.startswith("say."):
            return slot in self.facts
        sentence = sentences().get(slot.removeprefix("say."))
        return sentence is not None and sentence.holds(self.facts) and all(found[1] in self.facts for found in SLOT.finditer(sentence.text[self.asked.lang]))

    def either(self, *names: str, **places: object) -> str:
        """The first of the phrases that can be said."""
        return next((said for name in names if (said := self.say(name, **places))), "")

    def text(self, *said: str) -> Parts:
        """A paragraph of sentences, without those that cannot be said."""
        words = [one for one in said if one]
        # Slots never touch: what they bring could be read as one.
        told = "".join(words).replace("}{", "} {") if self.asked.lang == "zh" else " ".join(words)
        return [{"kind": "paragraph", "text": told}] if told else []

    def bullets(self, items: Iterable[str]) -> Parts:
        """A list, of twenty items at most."""
        said = [one for one in items if one][:20]
        return [{"kind": "list", "items": said}] if said else []

    def ref(self, kind: str, name: str) -> Parts:
        """A block that a tool made, where it did."""
        return [{"kind": kind, "ref": name}] if name in self.refs else []

    def question(self, said: str) -> Parts:
        """A question back."""
        return [{"kind": "question", "text": said}] if said else []

    def cite(self, *names: Value) -> None:
        """Name records that the answer speaks of, as far as they may be cited."""
        known = citations_of(self.results)
        self.cited.extend(name for name in names if isinstance(name, str) and name in known and name not in self.cited)

    def cite_of(self, *tools: str) -> None:
        """Name the records that results of these tools bring."""
        for result in self.results:
            if result.tool in tools:
                self.cite(*(one.id for one in result.citations))

    def cite_first(self, tool: str, *names: str) -> None:
        """Name one record that a tool brought: the first of `names` that is among them, else the first of all."""
        found = [one.id for result in self.of(tool) for one in result.citations]
        self.cite(*([name for name in names if name in found] or found)[:1])

    def failing(self, *tools: str) -> Parts:
        """What is said where these tools gave nothing to answer with, and why; empty where any of them did."""
        own = [one for one in self.results if one.tool in tools]
        if not own or any(one.state == "ok" for one in own):
            return []
        reasons = {one.reason for one in own}
        if any(one.state == "failed" for one in own):
            return self.text(self.fixed("could_not_ask"))
        if "report_not_ready" in reasons:
            return self.text(self.fixed("no_result_yet"))
        if "insufficient_data" in reasons:
            return self.text(self.fixed("insufficient_data"))
        if "no_such_tool" in reasons:
            return self.text(self.say("grant_needed"))
        return self.text(self.fixed("nothing_found"))
