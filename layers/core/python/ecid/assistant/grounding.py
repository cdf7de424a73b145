"""Whether an answer says only what tools of the conversation gave, and the answer filled in from them (docs/assistant.md, "Grounding").

A draft is what a model wrote. Its prose is looked at by `ecid.assistant.prose`; its slots, refs, citations and quoted words are held against the results
here. Only a draft without a violation can be filled, so whatever writes drafts, a filled answer holds no figure that is neither a fact, nor in a reviewed
sentence, nor in quoted words of a record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecid.assistant.blocks import (
    Action,
    Block,
    Citation,
    Citations,
    FindingBlock,
    ListBlock,
    Paragraph,
    PlanBlock,
    Question,
    ScoreBar,
    Table,
)
from ecid.assistant.drafts import SAY, SLOT, ActionDraft, DraftAnswer, ListDraft, RefDraft, TableDraft, TextDraft, texts_of
from ecid.assistant.prompt import repeated
from ecid.assistant.prose import NUMERIC, WORDS, Kind, Violation, cut, faults, foreign, misplaced, quotations
from ecid.assistant.results import Fact, ToolResult, citations_of, facts_of, parts_of
from ecid.assistant.sentences import sentences
from ecid.assistant.wording import label
from ecid.errors import EcidError, Language

_SHAPES: Mapping[str, type] = {"finding": FindingBlock, "score_bar": ScoreBar, "plan": PlanBlock}
_FINDING_ID = re.compile(r"finding\.\d+\.id")
_SLOT_OR_QUOTE = re.compile(SLOT.pattern + '|“[^”]*”|「[^」]*」|《[^》]*》|"[^"]*"')
_FIGURES = frozenset({"points", "score", "count", "share", "number", "code"})
_NEEDS = {"start_inspection": "explain_score", "open_report": "explain_score", "draft_ruling": "explain_score", "open_clause": None}
"""The tool without which an action has no place: a caller whose results have none of it does not see a ledger."""


class Ungrounded(EcidError):
    """A draft that says what no tool gave was to be filled. Context: `violations`."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """All that a draft may rest on, in its language."""

    facts: Mapping[str, Fact]
    parts: Mapping[str, Block]
    citations: Mapping[str, Citation]
    tools: frozenset[str]
    lang: Language

    @classmethod
    def of(cls, results: Sequence[ToolResult], lang: Language) -> _Ground:
        return cls(facts_of(results), parts_of(results, lang), citations_of(results), frozenset(result.tool for result in results), lang)

    def slot(self, name: str) -> str | None:
        """What stands in the place of a slot, None for what is no slot of this conversation."""
        if not name.startswith(SAY):
            fact = self.facts.get(name)
            return None if fact is None else _shown(fact, self.lang)
        sentence = sentences().get(name.removeprefix(SAY))
        if sentence is None or not sentence.holds(self.facts):
            return None
        text = sentence.text[self.lang]
        inner = [found[1] for found in SLOT.finditer(text)]
        if any(one not in self.facts for one in inner):
            return None
        return SLOT.sub(lambda found: _shown(self.facts[found[1]], self.lang), text)


def check(draft: DraftAnswer, results: Sequence[ToolResult], lang: Language) -> tuple[Violation, ...]:
    """Everything that keeps a draft from being an answer, in the order of its blocks; nothing where it is one."""
    ground = _Ground.of(results, lang)
    found: list[Violation] = []
    for place, text in texts_of(draft):
        found += (Violation(kind, place, cut(what)) for kind, what in _of_text(text, ground))
    for place, block in enumerate(draft.blocks):
        found += (Violation(kind, place, cut(what)) for kind, what in _of_block(block, ground))
    end = len(draft.blocks)
    spoken = foreign((_SLOT_OR_QUOTE.sub(" ", text) for _, text in texts_of(draft)), lang)
    found += [Violation("language", end, spoken)] if spoken else []
    found += (Violation("citation", end, cut(name)) for name in draft.citations if not _sound(ground.citations.get(name)))
    return tuple(sorted(found, key=lambda violation: violation.place))


def fill(draft: DraftAnswer, results: Sequence[ToolResult], lang: Language) -> tuple[Block, ...]:
    """The answer: slots filled, refs put in, and at the end what it cites, with the clauses of its findings. Raises Ungrounded where `check` finds anything."""
    violations = check(draft, results, lang)
    if violations:
        raise Ungrounded(violations=violations)
    ground = _Ground.of(results, lang)
    blocks = tuple(_filled(block, ground) for block in draft.blocks)
    shown = [clause.id for block in blocks if isinstance(block, FindingBlock) for clause in block.clauses]
    cited = [ground.citations[name] for name in dict.fromkeys((*draft.citations, *shown)) if name in ground.citations]
    return (*blocks, Citations(tuple(cited))) if cited else blocks


def _of_text(text: str, ground: _Ground) -> Iterator[tuple[Kind, str]]:
    names = [found[1] for found in SLOT.finditer(text)]
    pieces = SLOT.split(text)[::2]
    marks = "".join(NUMERIC if _is_figure(name, ground.facts) else WORDS for name in names)
    yield from faults(pieces, marks)
    for name in names:
        if ground.slot(name) is None:
            yield ("sentence" if name.startswith(SAY) else "slot"), name
    for place, name in enumerate(names):
        wrong = misplaced(pieces[place], pieces[place + 1], ground.facts[name].kind) if name in ground.facts else None
        if wrong:
            yield "misplaced", wrong
    told = repeated(" ".join(pieces))
    if told:
        yield "prompt", told
    yield from _of_quotations(text, ground)


def _is_figure(name: str, facts: Mapping[str, Fact]) -> bool:
    if name.startswith(SAY):
        return False
    return name not in facts or facts[name].kind in _FIGURES


def _of_quotations(text: str, ground: _Ground) -> Iterator[tuple[Kind, str]]:
    """Words in quotation marks are those of a record or a fact, or a slot alone."""
    try:
        quoted = [words for words in quotations(text) if SLOT.sub("", words).strip()]
    except ValueError as error:
        yield "quote", str(error)
        return
    if quoted:
        known = _words_of(ground)
        yield from (("quote", words) for words in quoted if SLOT.search(words) or not any(words in one for one in known))


def _words_of(ground: _Ground) -> tuple[str, ...]:
    cited = [words for one in ground.citations.values() if _sound(one) for words in (one.title, one.quote)]
    return (*cited, *(shown for fact in ground.facts.values() if fact.kind in ("quote", "name", "text") for shown in fact.shown.values()))


def _of_block(block: object, ground: _Ground) -> Iterator[tuple[Kind, str]]:
    match block:
        case RefDraft(kind=kind, ref=ref):
            if not isinstance(ground.parts.get(ref), _SHAPES[kind]):
                yield "ref", ref
        case TableDraft(head=head, rows=rows):
            if any(len(row) != len(head) for row in rows):
                yield "shape", "rows"
        case ActionDraft(action=action, ref=ref):
            needs = _NEEDS[action]
            if (needs and needs not in ground.tools) or not _is_target(action, ref, ground):
                yield "ref", ref or action


def _is_target(action: str, ref: str | None, ground: _Ground) -> bool:
    """Whether the fact says to what the action is done: a clause that may be cited, a finding; of the others there is but one."""
    fact = ground.facts.get(ref or "")
    if action == "open_clause":
        return fact is not None and fact.kind == "id" and _sound(ground.citations.get(str(fact.value)))
    if action == "draft_ruling":
        return fact is not None and _FINDING_ID.fullmatch(ref or "") is not None
    return ref is None


def _sound(citation: Citation | None) -> bool:
    """Whether the quoted words are the very ones of which the hash was taken where they were read."""
    return citation is not None and hashlib.sha256(citation.quote.encode()).hexdigest() == citation.sha256


def _filled(block: object, ground: _Ground) -> Block:
    match block:
        case TextDraft(kind="question", text=text):
            return Question(_text(text, ground))
        case TextDraft(text=text):
            return Paragraph(_text(text, ground))
        case ListDraft(items=items):
            return ListBlock(tuple(_text(item, ground) for item in items))
        case TableDraft(head=head, rows=rows, title=title):
            cells = tuple(tuple(_text(cell, ground) for cell in row) for row in rows)
            return Table(tuple(_text(cell, ground) for cell in head), cells, _text(title, ground))
        case ActionDraft(action=action, ref=ref):
            return Action(action, label(f"action_{action}", ground.lang), str(ground.facts[ref].value) if ref else "")
        case RefDraft(ref=ref):
            return ground.parts[ref]
    raise TypeError(type(block).__name__)


def _text(text: str, ground: _Ground) -> str:
    """The text with its slots filled, once: what a slot brings is text, whatever it looks like."""
    return SLOT.sub(lambda found: ground.slot(found[1]) or "", text)


def _shown(fact: Fact, lang: Language) -> str:
    shown = fact.shown[lang]
    return label("quote", lang).format(words=shown) if fact.quoted else shown
