"""The score month by month if the enterprise goes on as in the last twelve months, but without the defects (score.md, "forecast"; docs/score-over-time.md).

Every line of the last twelve months comes again one year later, with its value, under its product's own code, and without a defect; old lines leave the
window as they age. Each month is weighed and added up by the very functions that make today's score. What was judged stays judged as it is, but for goods
under several codes, which clean lines to come can turn into a lasting switch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import polars as pl

from ecid.errors import Language
from ecid.scoring.caps import caps_of
from ecid.scoring.defects import SCHEMA, Defects
from ecid.scoring.dimensions import ALL_POINTS, coverage_of, dimensions_of, insufficiency_of
from ecid.scoring.engine import Run, months_before
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import Insufficiency
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.rules.code_validity import dimensions_charged, rule_for
from ecid.scoring.rules.same_goods_split import CODE as SAME_GOODS_SPLIT
from ecid.scoring.rules.same_goods_split import split_defects
from ecid.scoring.weights import line_weights
from ecid.tariff.model import Edition
from ecid.tariff.reference import Tariff

MONTHS = 12
"""How far a forecast looks: as far back as it looks for what is to come."""
Codes = Literal["moved", "kept"]
"""Whether codes that an announced edition takes away are given up in time, or declared as before."""
_HYPOTHESIS = {
    "zh": "这是假设：设想企业照最近十二个月的样子继续申报且不再出现问题，旧申报到期移出窗口；它不是评分结果，也不是承诺。",
    "en": "This is a hypothesis: the enterprise is taken to go on as in the last twelve months but without the defects, while old lines leave the window; "
    "it is neither a result nor a promise.",
}


@dataclass(frozen=True, slots=True)
class Month:
    """The score on one day of the months to come, in millionths; None with its reason where there can be none. `lines_expected` of the weighed lines are not
    declared yet. `lost_micro`: by dimension."""

    as_of: date
    score_exact_micro: int | None
    insufficient_data: Insufficiency | None
    lost_micro: Mapping[int, int]
    caps_micro: int
    lines_weighed: int
    lines_expected: int


@dataclass(frozen=True, slots=True)
class CodeChange:
    """A code declared in the last twelve months that an announced edition lacks (`gone`) or has further lines beside (`split`: it may have become narrower).

    `successors` are the codes to look at; `lines` and `value_fen` (RMB) are what is expected under the code from `valid_from` on, within the months looked at.
    """

    code: str
    edition: str
    valid_from: date
    kind: Literal["gone", "split"]
    successors: tuple[str, ...]
    lines: int
    value_fen: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Today and the twelve months to come, and what announced editions change of the codes in use."""

    codes: Codes
    months: tuple[Month, ...]
    changes: tuple[CodeChange, ...]


def forecast(run: Run, tariff: Tariff, policy: Policy, codes: Codes = "moved") -> Forecast:
    """The forecast from a run over the policy's own window. An announced edition is one in `tariff` that is not in force yet.

    Raises ValueError for a run over a period that was asked for: such a period does not move on.
    """
    today = run.result.as_of
    if run.result.period != _window(run, policy):
        raise ValueError("a forecast starts from the window that ends today")
    coming = _coming(run, tariff, policy)
    changes = _changes(coming, tariff, today)
    coming, charged = _kept(coming, tariff) if codes == "kept" else (coming, run.defects.rows.clear())
    ahead = _Ahead(run, coming, charged, tariff, policy)
    return Forecast(codes, tuple(ahead.month(_later(today, months)) for months in range(MONTHS + 1)), changes)


def forecasts(run: Run, tariff: Tariff, policy: Policy) -> tuple[Forecast, ...]:
    """The forecast with codes moved in time; and where an announced edition changes a code in use, also that with codes kept. Nothing where the period was
    asked for and does not move on."""
    if run.result.period != _window(run, policy):
        return ()
    moved = forecast(run, tariff, policy)
    return (moved, forecast(run, tariff, policy, "kept")) if moved.changes else (moved,)


def answer_to_json(found: Sequence[Forecast], lang: Language) -> dict[str, Any] | None:
    """The answer to `forecast` (docs/score-over-time.md): with codes `moved`, and `kept` or null; null where there is none."""
    by_codes = {one.codes: to_json(one) for one in found}
    return {"hypothesis": _HYPOTHESIS[lang], "moved": by_codes["moved"], "kept": by_codes.get("kept")} if found else None


def answer_in(stored: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """A stored answer in another language: all but the hypothesis is figures."""
    return {**stored, "hypothesis": _HYPOTHESIS[lang]}


def to_json(found: Forecast) -> dict[str, Any]:
    """One forecast as JSON."""
    return {
        "codes": found.codes,
        "months": [
            {
                "as_of": month.as_of.isoformat(),
                "score_exact_micro": month.score_exact_micro,
                "insufficient_data": month.insufficient_data,
                "lost_micro": {str(number): points for number, points in month.lost_micro.items()},
                "caps_micro": month.caps_micro,
                "lines_weighed": month.lines_weighed,
                "lines_expected": month.lines_expected,
            }
            for month in found.months
        ],
        "changes": [
            {
                "code": change.code,
                "edition": change.edition,
                "valid_from": change.valid_from.isoformat(),
                "kind": change.kind,
                "successors": list(change.successors),
                "lines": change.lines,
                "value_fen": change.value_fen,
            }
            for change in found.changes
        ],
    }


def _window(run: Run, policy: Policy) -> tuple[date, date]:
    return months_before(run.result.as_of, policy.period_months), run.result.as_of


def _later(day: date, months: int) -> date:
    later: date = pl.Series([day]).dt.offset_by(f"{months}mo").item()
    return later


def _coming(run: Run, tariff: Tariff, policy: Policy) -> pl.DataFrame:
    """The lines to come, in the order in which they will be judged; their `at` goes on after those that were."""
    lines, today = run.judgements.lines, run.result.as_of
    own = _split(lines, tariff, policy).select("at", own=pl.col("product_code").cast(lines.schema["code8"]))
    again = lines.filter("in_period", pl.col("day") >= months_before(today, MONTHS))
    again = again.join(own, on="at", how="left", maintain_order="left").with_columns(code8=pl.coalesce("own", "code8")).drop("own", "at")
    # 29 February comes again on the 28th, which may be today.
    again = again.with_columns(day=pl.max_horizontal(pl.col("day").dt.offset_by(f"{MONTHS}mo"), pl.lit(date.fromordinal(today.toordinal() + 1))))
    again = again.sort("day", "line_id", maintain_order=True)
    return again.with_row_index("at", offset=len(lines))


def _split(lines: pl.DataFrame, tariff: Tariff, policy: Policy) -> pl.DataFrame:
    """As today's score judges it: what was under a code no longer in force has no say."""
    return split_defects(lines.filter("in_period", pl.col("state") != "not_in_force").select("at", "key", "code8", "day", "w"), policy, tariff.succeeds)


def _kept(coming: pl.DataFrame, tariff: Tariff) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines to come with the state that their code will have under the tariff of their day, and the rows of those that this will charge."""
    pairs = coming.select("code8", "day").unique(maintain_order=True)
    verdicts = [tariff.judge(code, day) for code, day in pairs.select(pl.col("code8").cast(pl.String), "day").iter_rows()]
    then = pairs.with_columns(pl.Series("then", [verdict.state for verdict in verdicts]).cast(coming.schema["state"]))
    charges = [(*pair, rule_for(verdict), number) for pair, verdict in zip(pairs.iter_rows(), verdicts, strict=True) for number in dimensions_charged(verdict)]
    charged = pl.DataFrame(charges, schema=pairs.schema | {"rule": SCHEMA["rule"], "dimension": SCHEMA["dimension"]}, orient="row")
    valid = coming.filter(pl.col("state") == "valid").join(charged, on=["code8", "day"], how="inner", maintain_order="left")
    rows = valid.select("at", "dimension", "rule", x=pl.lit(PPM, SCHEMA["x"]), fact=pl.lit(0, SCHEMA["fact"]))
    told = coming.join(then, on=["code8", "day"], how="left", maintain_order="left")
    state = pl.when(pl.col("state") == "valid").then("then").otherwise("state")
    return told.with_columns(state=state).drop("then"), rows


class _Ahead:
    """The lines declared and those to come in one frame, of which each day sees its own window."""

    def __init__(self, run: Run, coming: pl.DataFrame, charged: pl.DataFrame, tariff: Tariff, policy: Policy) -> None:
        declared = run.judgements.lines
        # Whether a line counts at all while it is in the window: some modes never do. What is out of it already does not come back.
        self._lines = pl.concat([declared, coming.select(declared.columns)]).with_columns(counts="weighed")
        month = pl.col("day").dt.truncate("1mo").cast(pl.String)
        self._cells = self._lines.select(pl.concat_str("code8", pl.lit("@"), month).cast(pl.Categorical)).to_series()
        self._first, self._tariff, self._policy = len(declared), tariff, policy
        self._judgements, self._defects = run.judgements, run.defects
        rows = run.defects.rows.select(*SCHEMA).filter(pl.col("rule") != SAME_GOODS_SPLIT)
        self._rows = pl.concat([rows, charged.select(*SCHEMA)])

    def month(self, day: date) -> Month:
        """The score on `day`."""
        policy = self._policy
        lines = self._weighed(day)
        judgements, defects = replace(self._judgements, lines=lines), self._failed(lines)
        coverage = coverage_of(judgements, defects, policy)
        _, lost = dimensions_of(judgements, defects, coverage, policy)
        insufficient = insufficiency_of(judgements, coverage[0], policy)
        uncapped = ALL_POINTS - sum(lost.values())
        caps = 0 if insufficient else sum(cap.points_micro for cap in caps_of(judgements, defects, policy, uncapped))
        return Month(
            as_of=day,
            score_exact_micro=None if insufficient else uncapped - caps,
            insufficient_data=insufficient,
            lost_micro={} if insufficient else lost,
            caps_micro=caps,
            lines_weighed=int(lines["weighed"].sum()),
            lines_expected=int(lines["weighed"].tail(len(lines) - self._first).sum()),
        )

    def _weighed(self, day: date) -> pl.DataFrame:
        lines = self._lines.with_columns(in_period=pl.col("day").is_between(months_before(day, self._policy.period_months), day))
        lines = lines.with_columns(weighed=pl.col("in_period") & pl.col("counts"))
        return lines.with_columns(w=line_weights(lines["value"], self._cells, lines["weighed"], self._policy))

    def _failed(self, lines: pl.DataFrame) -> Defects:
        split = _split(lines, self._tariff, self._policy).filter(pl.col("at") < self._first)
        marks = {"dimension": RULE_DIMENSIONS[SAME_GOODS_SPLIT], "rule": SAME_GOODS_SPLIT, "fact": 0}
        own = split.select("at", "x", *(pl.lit(value, SCHEMA[name]).alias(name) for name, value in marks.items())).select(*SCHEMA)
        rows = pl.concat([self._rows, own])
        rows = rows.with_columns(w=lines["w"].gather(rows["at"]), failed=pl.len().over("at", "dimension"))
        # The verdicts stand: what could be judged of a line can be of the one that repeats it, and both are in the window.
        return replace(self._defects, rows=rows)


def _changes(coming: pl.DataFrame, tariff: Tariff, today: date) -> tuple[CodeChange, ...]:
    announced = [edition for edition in tariff.editions if edition.complete and edition.valid_from > today]
    found = [change for edition in announced for change in _changes_by(edition, coming, tariff, today)]
    return tuple(sorted(found, key=lambda change: (change.valid_from, change.kind, -change.value_fen, change.code)))


def _changes_by(edition: Edition, coming: pl.DataFrame, tariff: Tariff, today: date) -> Iterator[CodeChange]:
    """What one announced edition does to the codes that are valid now and will be declared while it is in force."""
    under = coming.filter(pl.col("state") == "valid", pl.col("day").is_between(edition.valid_from, edition.valid_to))
    used = under.group_by(pl.col("code8").cast(pl.String)).agg(pl.len(), pl.col("value").cast(pl.Int128).sum()).sort("code8")
    before = {other.id: other for other in tariff.editions}
    for code, lines, value in used.iter_rows():
        now, then = tariff.judge(code, today), tariff.judge(code, edition.valid_from)
        if then.state != "valid":
            yield CodeChange(code, edition.id, edition.valid_from, "gone", then.suggestions, lines, value)
        elif now.edition in before:
            new = sorted(other for other in edition.lines if other[:6] == code[:6] and other not in before[now.edition].lines)
            if new:
                yield CodeChange(code, edition.id, edition.valid_from, "split", (code, *new), lines, value)
