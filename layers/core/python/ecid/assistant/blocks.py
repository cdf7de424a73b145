"""The blocks that an answer is made of: data without markup, in the language of the answer (docs/assistant.md, "Blocks").

Points stand as they are shown, with one decimal, and beside them the exact micropoints. Days are ISO in JSON and written out in plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ecid.assistant.wording import label, shown_day
from ecid.errors import Language

ActionKind = Literal["start_inspection", "open_report", "draft_ruling", "open_clause"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str
    kind: Literal["paragraph"] = "paragraph"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return self.text


@dataclass(frozen=True, slots=True)
class ListBlock:
    """Items, each a sentence or a few words."""

    items: tuple[str, ...]
    kind: Literal["list"] = "list"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return "\n".join(f"- {item}" for item in self.items)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head; every row is as long as the head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    kind: Literal["table"] = "table"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return "\n".join([*([self.title] if self.title else []), *(" | ".join(row) for row in (self.head, *self.rows))])


@dataclass(frozen=True, slots=True)
class Clause:
    """The words of a record that something rests on."""

    id: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class Route:
    """A lawful way to correct: its code and name, whether it is open (`scoring.routes.State`), its deadline (ISO), and why it is closed."""

    route: str
    name: str
    state: str
    deadline: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """One finding. `number`: its place by cost, 1 the costliest, which stays the same in a conversation. `points` as shown, None while data are insufficient;
    `lines` are the first of `line_count`. `goods` is what the enterprise itself declared, to be set in quotation marks."""

    number: int
    id: str
    rule: str
    title: str
    points: str | None
    points_micro: int | None
    dimension: int
    code: str
    goods: str
    lines: tuple[str, ...]
    line_count: int
    suggested_codes: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    question: str = ""
    routes: tuple[Route, ...] = ()
    kind: Literal["finding"] = "finding"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        points = label("no_points", lang) if self.points is None else label("points", lang).format(points=self.points)
        lines = label("lines", lang).format(count=self.line_count, first=label("comma", lang).join(self.lines))
        told = [
            f"{self.number}. {self.title} ({self.id}): {points}",
            f"{self.code} {label('quote', lang).format(words=self.goods)}" if self.goods else self.code,
            lines,
        ]
        if self.suggested_codes:
            told.append(label("suggested", lang).format(codes=label("comma", lang).join(self.suggested_codes)))
        told += [f"{clause.title} [{clause.id}]: {label('quote', lang).format(words=clause.quote)}" for clause in self.clauses]
        told += [self.question] if self.question else []
        return "\n   ".join([*told, *(_route(route, lang) for route in self.routes)])


@dataclass(frozen=True, slots=True)
class Share:
    """What a dimension lost of its points; both None where it was not judged."""

    dimension: int
    name: str
    lost: str | None
    of: str
    lost_micro: int | None
    of_micro: int


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """The score and where it is lost. `caps` are points (shown) that a cap takes beside the dimensions. `score` is None while data are insufficient."""

    score: str | None
    missing: str | None
    score_micro: int | None
    dimensions: tuple[Share, ...]
    caps: str | None = None
    kind: Literal["score_bar"] = "score_bar"

    def plain(self, lang: Language) -> str:
        """The block as text: what loses nothing is left out."""
        told = [label("score", lang).format(score=self.score, missing=self.missing) if self.score else label("no_score", lang)]
        told += [label("share", lang).format(name=one.name, lost=one.lost, of=one.of) for one in self.dimensions if one.lost_micro]
        told += [label("caps", lang).format(points=self.caps)] if self.caps else []
        return "\n".join(told)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to repair: what it is, the way that is open first, when the lines leave the window by themselves (ISO), and the score after it."""

    number: int
    cause: str
    action: str
    text: str
    declarations: int
    score: str
    score_micro: int
    route: Route | None = None
    ages_out_on: str | None = None


@dataclass(frozen=True, slots=True)
class PlanBlock:
    """The cheapest way to `target` points, or as far as it goes where that is not `reachable`; `hypothesis` says what it supposes."""

    target: int
    reachable: bool
    before: str
    after: str
    steps: tuple[Step, ...]
    hypothesis: str
    kind: Literal["plan"] = "plan"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        told = [label("plan" if self.reachable else "plan_short", lang).format(target=self.target, before=self.before, after=self.after)]
        for step in self.steps:
            told.append(label("step", lang).format(number=step.number, text=step.text, action=step.action, score=step.score))
            told += [f"   {_route(step.route, lang)}"] if step.route else []
            told += ["   " + label("ages_out", lang).format(day=shown_day(step.ages_out_on, lang))] if step.ages_out_on else []
        return "\n".join([*told, self.hypothesis])


@dataclass(frozen=True, slots=True)
class Citation:
    """A record that an answer rests on, with words of it. In force from `valid_from` to `valid_to` (ISO, None: still); `lapsed`: not any more, or not yet, on
    the day asked about. `quote` are words of the original, Chinese where there is one, `sha256` their hash where they were read; `gloss` the same in English,
    where the answer is and the record has it."""

    id: str
    title: str
    quote: str
    valid_from: str
    valid_to: str | None
    lapsed: bool
    sha256: str = ""
    gloss: str = ""

    @property
    def url(self) -> str:
        """Where the whole clause is read: the path of the API."""
        return f"/v1/clauses/{self.id}"


@dataclass(frozen=True, slots=True)
class Citations:
    """What the answer rests on."""

    items: tuple[Citation, ...]
    kind: Literal["citations"] = "citations"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return "\n".join([label("sources", lang), *(_cited(one, lang) for one in self.items)])


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller is asked back."""

    text: str
    kind: Literal["question"] = "question"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return self.text


@dataclass(frozen=True, slots=True)
class Action:
    """Something the caller can do next: `target` is the id or path that it is done to, "" where there is but one."""

    action: ActionKind
    label: str
    target: str = ""
    kind: Literal["action"] = "action"

    def plain(self, lang: Language) -> str:
        """The block as text."""
        return f"→ {self.label}"


Block = Paragraph | ListBlock | Table | FindingBlock | ScoreBar | PlanBlock | Citations | Question | Action


def to_json(block: Block) -> dict[str, Any]:
    """A block as it is sent; a citation has its `url` besides."""
    told = asdict(block)
    if isinstance(block, Citations):
        told["items"] = [asdict(one) | {"url": one.url} for one in block.items]
    return told


def plain(blocks: Sequence[Block], lang: Language) -> str:
    """An answer as text."""
    return "\n\n".join(block.plain(lang) for block in blocks)


def _route(route: Route, lang: Language) -> str:
    name = f"{route.name}: {label(f'state_{route.state}', lang)}"
    if route.deadline:
        name = f"{name}, {label('deadline', lang).format(day=shown_day(route.deadline, lang))}"
    return f"{name} – {route.reason}" if route.reason else name


def _cited(one: Citation, lang: Language) -> str:
    until = shown_day(one.valid_to, lang) if one.valid_to else label("still", lang)
    days = label("valid", lang).format(since=shown_day(one.valid_from, lang), until=until)
    gloss = f" – {label('quote', lang).format(words=one.gloss)}" if one.gloss else ""
    lapsed = f" {label('lapsed', lang)}" if one.lapsed else ""
    return f"- {one.title} [{one.id}] ({days}){lapsed}: {label('quote', lang).format(words=one.quote)}{gloss}"
