"""A stored result, read back from its JSON (the `scan --json` document, or what a score run kept): checked before anything is said about it.

Only what later questions need is read; keys that are not known here are left alone, so that results of newer engines can be read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ecid.errors import Language, UnreadableFile
from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.result import DimensionState, Finding, Insufficiency, Provenance
from ecid.scoring.routes import Circumstances
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.wording import rule_wording

_Points = Annotated[int, Field(ge=0, le=ALL_POINTS)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Day = Annotated[date, Field(strict=False)]
_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Worth = Annotated[int, Field(ge=0, lt=2**96)]  # many lines together, each of which may be worth as much as a count can say
_Rule = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{0,60}$")]
_Words = Annotated[str, Field(max_length=10_000)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class SavedFinding(_Part):
    """A finding as it was stored; `title`, `question`, `advice` and the words of evidence are in the language in which the result was written.

    Of a result kept for questions `lines` are the first ones, and `line_count` says how many there are.
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    rule: _Rule
    dimension: Annotated[int, Field(ge=1, le=10)]
    points_micro: _Points | None
    code: _Words
    product_key: _Words
    goods_name: _Words
    title: _Words
    question: _Words
    advice: _Words
    lines: tuple[_Words, ...]
    line_count: _Count | None = None
    first_day: _Day
    last_day: _Day
    suggested_codes: tuple[_Words, ...]
    evidence: tuple[dict[str, Any], ...]
    routes: tuple[dict[str, Any], ...]
    review: dict[str, Any] | None = None
    circumstances: Circumstances | None = None

    @property
    def count(self) -> int:
        """How many lines it has."""
        return len(self.lines) if self.line_count is None else self.line_count

    @property
    def titles(self) -> Mapping[Language, str]:
        """The title by language; that of a rule which this engine does not know as it was stored."""
        return titles_of(self.rule, self.title)

    @property
    def language(self) -> Language | None:
        """The language in which it was written; None where its rule is not known here."""
        return next((lang for lang, title in self.titles.items() if title == self.title), None) if self.rule in RULE_DIMENSIONS else None

    def finding(self) -> Finding:
        """The finding as the engine knows it, but for what is not stored: shares, and points by dimension."""
        own = (self.code, self.product_key, self.goods_name, self.lines, 0, 0, self.first_day, self.last_day, self.suggested_codes, self.evidence)
        return Finding(self.id, self.rule, self.dimension, self.points_micro, {}, *own, circumstances=self.circumstances)

    def worded(self, lang: Language) -> dict[str, str]:
        """Title, question and advice in a language; of a rule which this engine does not know as they were stored."""
        if self.rule not in RULE_DIMENSIONS:
            return {"title": self.title, "question": self.question, "advice": self.advice}
        wording = rule_wording(self.rule)
        return {"title": wording.title[lang], "question": wording.question[lang], "advice": wording.advice[lang]}


class SavedCap(_Part):
    """A cap with the points that it takes."""

    rule: _Rule
    points_micro: _Points

    @property
    def titles(self) -> Mapping[Language, str]:
        """The title of the rule by language."""
        return titles_of(self.rule, self.rule)


def titles_of(rule: str, stored: str) -> Mapping[Language, str]:
    """The title of a rule by language, `stored` for one that this engine does not know."""
    if rule not in RULE_DIMENSIONS:
        return {"zh": stored, "en": stored}
    title = rule_wording(rule).title
    return {"zh": title["zh"], "en": title["en"]}


class SavedDimension(_Part):
    """A dimension with its weight and what it lost, None where it was left out."""

    dimension: Annotated[int, Field(ge=1, le=10)]
    state: DimensionState
    weight_micro: _Points
    lost_micro: _Points | None


class SavedPeriod(_Part):
    """The first and the last day of the period."""

    since: Annotated[date, Field(strict=False, alias="from")]
    until: Annotated[date, Field(strict=False, alias="to")]


class SavedLines(_Part):
    """How many lines were judged, and how many of these weighed."""

    judged: _Count
    weighed: _Count


class SavedEntry(_Part):
    """What is missing at one value of an axis (`ecid.scoring.breakdown`)."""

    value: _Words
    label: _Words
    points_micro: _Points | None
    lines: _Count
    concerned: _Count
    value_fen: _Worth


class SavedAxis(_Part):
    """An axis of the ledger: its leading entries, and all `others` as one."""

    entries: tuple[SavedEntry, ...]
    rest: SavedEntry | None
    others: _Count
    caps_micro: _Points


class SavedVersions(_Part):
    """What a result rests on: `as_of` the day, the others as they were written, None where they were not."""

    as_of: _Day
    engine: Any = None
    knowledge: Any = None
    policy: Any = None
    rates: Any = None
    reference: Any = None
    authority: dict[str, Any] | None = None
    input_sha256: Any = None


class SavedResult(_Part):
    """A stored result. Σ findings + Σ caps = 100,000,000 − `score_exact_micro`, or it is refused; ids of findings stand once.

    `causes`, `what_if` (the loss table), `forecast` and `misclassified` are read by those who wrote them, when they are asked for. `format`: that of a result
    kept for questions (`ecid.scoring.kept`).
    """

    format: int | None = None
    score_exact_micro: _Points | None
    insufficient_data: Insufficiency | None
    provenance: Provenance
    coverage: _Share
    period: SavedPeriod
    lines: SavedLines
    caps: tuple[SavedCap, ...]
    dimensions: tuple[SavedDimension, ...]
    findings: tuple[SavedFinding, ...]
    versions: SavedVersions
    breakdown: dict[str, SavedAxis] = {}
    causes: tuple[dict[str, Any], ...] = ()
    what_if: dict[str, Any] | None = None
    forecast: dict[str, Any] | None = None
    misclassified: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> SavedResult:
        if len({finding.id for finding in self.findings}) < len(self.findings):
            raise ValueError("a finding stands twice")
        if (self.score_exact_micro is None) != (self.insufficient_data is not None):
            raise ValueError("a score and no reason why there is none")
        if self.score_exact_micro is not None and self.missing_micro != ALL_POINTS - self.score_exact_micro:
            raise ValueError("the points do not add up")
        return self

    @property
    def missing_micro(self) -> int:
        """What findings and caps take together."""
        return sum(finding.points_micro or 0 for finding in self.findings) + sum(cap.points_micro for cap in self.caps)


def saved_result(document: bytes | str | Mapping[str, Any], name: str) -> SavedResult:
    """The result of a JSON text, or of what was parsed from one; `name` says which in the error. Raises UnreadableFile."""
    try:
        if isinstance(document, bytes | str):
            return SavedResult.model_validate_json(document)
        return SavedResult.model_validate(document, strict=False)
    except ValidationError as refusal:
        raise _unreadable(name, refusal) from None


def _unreadable(name: str, refusal: ValidationError) -> UnreadableFile:
    first = refusal.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:100]
    return UnreadableFile(
        name=name,
        reason_zh=f"不是可读的评分结果（{place or 'JSON'}：{first['msg']}）",
        reason_en=f"not a result that can be read ({place or 'JSON'}: {first['msg']})",
    )
