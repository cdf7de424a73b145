"""What if: the exact score if findings were corrected, or if lines had been declared otherwise. A hypothesis, and called so.

Corrected findings leave everything else as it is: weights of lines, product keys, medians, the other findings. Where a line was declared otherwise all of that
may move, so then the whole run is made again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from ecid.declarations.element_string import compose
from ecid.errors import BadInput, Language, NotFound
from ecid.scoring.engine import Request, run
from ecid.scoring.goods import goods_of
from ecid.scoring.loss_table import LossTable
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Finding, Result
from ecid.scoring.wording import dimension_name, rule_wording

_HYPOTHESIS = {
    "zh": "这是假设：只有这些申报实际更正、且其余不变，才会得到这个分数；它不是评分结果。",
    "en": "This is a hypothesis: the score would be this if these declarations were in fact corrected and nothing else changed; it is no result.",
}
_SUPPOSED = {
    "zh": "这是假设：只有这些申报行确按所设内容申报、且其余不变，才会得到这个分数；它不是评分结果。",
    "en": "This is a hypothesis: the score would be this if these lines had been declared as supposed and nothing else changed; it is no result.",
}


@dataclass(frozen=True, slots=True)
class Simulation:
    """The score before and after, in micropoints, None while data are insufficient; `corrected` are ids of findings or causes."""

    corrected: tuple[str, ...]
    before_micro: int | None
    after_micro: int | None

    def to_json(self, lang: Language) -> dict[str, Any]:
        """The answer to `simulate` (docs/score-questions.md)."""
        return {
            "hypothesis": _HYPOTHESIS[lang],
            "corrected": list(self.corrected),
            "before_micro": self.before_micro,
            "after_micro": self.after_micro,
            "gained_micro": None if self.before_micro is None or self.after_micro is None else self.after_micro - self.before_micro,
        }


@dataclass(frozen=True, slots=True)
class LineEdit:
    """A line as it might have been declared: another code, name or specification string, or single elements by their label. None: as it was."""

    code: str | None = None
    name: str | None = None
    specification: str | None = None
    elements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineSimulation:
    """Two whole runs: of the lines as declared and as edited. `unknown`: ids that no line has; nothing was done about them."""

    edited: tuple[str, ...]
    unknown: tuple[str, ...]
    before: Result
    after: Result

    def to_json(self, lang: Language) -> dict[str, Any]:
        """The score as supposed, what each dimension loses before and after, and the findings that end and begin by it (docs/score-questions.md)."""
        before, after = self.before.score_exact_micro, self.after.score_exact_micro
        ids = {finding.id for finding in self.before.findings}, {finding.id for finding in self.after.findings}
        return {
            "hypothesis": _SUPPOSED[lang],
            "lines": list(self.edited),
            "unknown_lines": list(self.unknown),
            "score": self.after.score,
            "score_exact_micro": after,
            "insufficient_data": self.after.insufficient_data,
            "before_micro": before,
            "gained_micro": None if before is None or after is None else after - before,
            "dimensions": [
                {"dimension": was.number, "name": dimension_name(was.number)[lang], "before_micro": was.lost_micro, "lost_micro": now.lost_micro}
                for was, now in zip(self.before.dimensions, self.after.dimensions, strict=True)
            ],
            "caps": [{"rule": cap.rule, "points_micro": cap.points_micro} for cap in self.after.caps],
            "ended": [_of_finding(finding, lang) for finding in self.before.findings if finding.id not in ids[1]],
            "begun": [_of_finding(finding, lang) for finding in self.after.findings if finding.id not in ids[0]],
        }


def _of_finding(finding: Finding, lang: Language) -> dict[str, Any]:
    title = rule_wording(finding.rule).title[lang]
    return {
        "id": finding.id,
        "rule": finding.rule,
        "title": title,
        "points_micro": finding.points_micro,
        "code": finding.code,
        "lines": list(finding.lines),
    }


def simulate(table: LossTable, corrected: Collection[str], causes: Mapping[str, Sequence[str]] | None = None) -> Simulation:
    """The score with these findings corrected; an id may also be that of one of `causes` (findings by cause). Raises NotFound for an unknown id."""
    known, gathered = set(table.items), causes or {}
    for name in sorted(set(corrected) - known - set(gathered)):
        raise NotFound(what=name)
    findings = {item for name in corrected for item in gathered.get(name, (name,))}
    return Simulation(tuple(sorted(set(corrected))), table.score(), table.score(findings))


def simulate_lines(
    lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request, edits: Mapping[str, LineEdit], before: Result | None = None
) -> LineSimulation:
    """Two runs over lines (`LINE_SCHEMA`), as declared and with `edits` by line id; `before`: the result of the former where it was made already.

    Raises BadInput for an element that the code does not ask for.
    """
    placed = lines.with_row_index("place")
    concerned = placed.filter(pl.col("line_id").is_in(sorted(edits)))
    # By its place, not by its id: of lines that share one, each keeps what is not edited.
    rows = [(row["place"], *_edited(row, edits[row["line_id"]], reference, request.as_of)) for row in concerned.iter_rows(named=True)]
    patch = pl.DataFrame(rows, schema={"place": pl.UInt32(), **dict.fromkeys(("code", "name", "specification"), pl.String())}, orient="row")
    edited = placed.update(patch, on="place", how="left").sort("place").drop("place")
    known = set(concerned["line_id"].to_list())
    return LineSimulation(
        edited=tuple(sorted(known)),
        unknown=tuple(sorted(edits.keys() - known)),
        before=before or run(lines, reference, policy, request).result,
        after=run(edited, reference, policy, request).result,
    )


def _edited(row: Mapping[str, Any], edit: LineEdit, reference: Reference, as_of: date) -> tuple[str, str, str]:
    code, name = edit.code or row["code"], edit.name or row["name"] or ""
    specification = row["specification"] or "" if edit.specification is None else edit.specification
    if edit.elements:
        line = reference.tariff.judge(code, row["declared_on"] or as_of).line
        goods = goods_of(code, name, specification, row["destination"], line)
        labels = {slot.label for slot in goods.slots}
        for label in sorted(set(edit.elements) - labels):
            raise BadInput(detail=f"{row['line_id']}: {label}")
        specification = compose([*(edit.elements.get(slot.label, slot.value) for slot in goods.slots), *goods.surplus])
    return code, name, specification
