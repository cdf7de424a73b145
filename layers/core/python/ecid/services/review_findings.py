"""The owner's marks on findings, "reviewed, kept, because…": a file of them beside a scan, or facts of the enterprise (score.md, "Ledger").

A mark shows where the finding is told; points, result and public record know nothing of it. So marks are facts of a subject of their own, from which no record
is made, and an answer takes them up when it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ecid.clearance.window import beijing_date
from ecid.errors import BadInput, NotFound, PayloadTooLarge, UnreadableFile
from ecid.feed.facts import Fact, stamp_after
from ecid.ports import FactStore
from ecid.scoring.result import Review

LONGEST_REASON = 500
LONGEST_NAME = 100
MOST_MARKS = 10_000
"""Of one enterprise: with each at its longest they are still read within a second."""
_LARGEST = 16 * 1024 * 1024
_FINDING = "finding#"


def _plain(text: str) -> str:
    """One line without signs that steer a terminal or turn the direction of writing; those are refused, breaks become spaces."""
    joined = " ".join(text.split())
    if not joined.isprintable():
        raise ValueError("control characters")
    return joined


class _Mark(BaseModel):
    """A line of a file of marks."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    finding: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    because: Annotated[str, AfterValidator(_plain), Field(min_length=1, max_length=LONGEST_REASON)]
    by: Annotated[str, AfterValidator(_plain), Field(max_length=LONGEST_NAME)] = ""
    on: Annotated[date, Field(strict=False)]

    @property
    def review(self) -> Review:
        """The mark without its finding."""
        return Review(self.because, self.by, self.on)


def read_marks(path: Path) -> Mapping[str, Review]:
    """The marks of a file by finding: JSON lines of `finding`, `because`, `by` (may be left out) and `on`; of several on one finding the last one counts.

    Raises UnreadableFile naming the line, PayloadTooLarge.
    """
    if path.stat().st_size > _LARGEST:
        raise PayloadTooLarge(limit=f"{_LARGEST // 1024**2} MiB")
    found: dict[str, Review] = {}
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            try:
                mark = _Mark.model_validate_json(line)
            except ValidationError as error:
                raise _unreadable(path.name, number, error) from None
            found[mark.finding] = mark.review
    if len(found) > MOST_MARKS:
        raise PayloadTooLarge(limit=str(MOST_MARKS))
    return found


def marks_of(store: FactStore, uscc: str) -> Mapping[str, Review]:
    """The marks of an enterprise by finding. Raises SourceUnavailable."""
    return {name: Review(fact.body["because"], fact.body["by"], date.fromisoformat(fact.body["on"])) for name, fact in _kept(store, uscc).items() if fact.body}


@dataclass(frozen=True, slots=True)
class Reviews:
    """The marks of enterprises, bound to their store. `finding` is the whole id of one."""

    store: FactStore

    def keep(self, uscc: str, finding: str, because: str, by: str, now: datetime) -> Review:
        """Mark a finding; a later mark replaces an earlier one. Raises BadInput for words that cannot be kept, PayloadTooLarge for more marks than are."""
        try:
            mark = _Mark(finding=finding, because=because, by=by, on=beijing_date(now))
        except ValidationError as error:
            raise BadInput(detail=_REFUSED) from error
        kept = _kept(self.store, uscc)
        if finding not in kept and len(kept) >= MOST_MARKS:
            raise PayloadTooLarge(limit=str(MOST_MARKS))
        body = {"because": mark.because, "by": mark.by, "on": mark.on.isoformat()}
        self._put(uscc, finding, body, kept.get(finding), now)
        return mark.review

    def withdraw(self, uscc: str, finding: str, now: datetime) -> None:
        """Take a mark back. Raises NotFound where there is none."""
        before = _kept(self.store, uscc).get(finding)
        if before is None or not before.body:
            raise NotFound(what=finding)
        self._put(uscc, finding, {}, before, now)

    def _put(self, uscc: str, finding: str, body: Mapping[str, str], before: Fact | None, now: datetime) -> None:
        self.store.put_fact(Fact(_subject(uscc), f"{_FINDING}{finding}", stamp_after(before.stamp if before else None, now, finding), body))


_REFUSED = {
    "zh": f"理由须为 1 至 {LONGEST_REASON} 个字符，署名不超过 {LONGEST_NAME} 个字符，不得含控制字符",
    "en": f"the reason must have 1 to {LONGEST_REASON} characters and the name at most {LONGEST_NAME}, without control characters",
}


def _subject(uscc: str) -> str:
    return f"reviews#{uscc}"


def _kept(store: FactStore, uscc: str) -> dict[str, Fact]:
    """The facts by finding; that of a mark which was taken back has no body."""
    return {fact.name.removeprefix(_FINDING): fact for fact in store.facts(_subject(uscc)).facts}


def _unreadable(name: str, number: int, error: ValidationError) -> UnreadableFile:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:100]
    return UnreadableFile(name=name, reason_zh=f"第 {number} 行：{place} {first['msg']}", reason_en=f"line {number}: {place} {first['msg']}")
