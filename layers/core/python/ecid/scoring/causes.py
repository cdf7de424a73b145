"""Causes: findings gathered by what one action repairs, a template, a code table, the code of a product family, slips of entry (score.md, "Ledger").

Every finding is in exactly one cause, so the points of causes add up to those of findings. Which rules go together is data (`causes.toml`).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecid.errors import BadInput, Language, NotFound
from ecid.scoring.engine import Run
from ecid.scoring.policy import PPM
from ecid.scoring.result import Finding

_BRACKETS = re.compile(r"[（(\[［].*?[)）\]］]")
_NUMBERED = r"^(\d{18})-\d+$"
_NAMED = {"place": pl.Int64(), "line_id": pl.List(pl.String())}
_SEVERAL = "\x00several"
_SPLIT = "SAME_GOODS_SPLIT"
_TEMPLATE, _SCATTERED = "template", "scattered"
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_LIST = {"zh": "、", "en": ", "}
_PHRASES = {"zh": "；", "en": "; "}
_Key = tuple[str, ...]
Whose = Literal["one", "several", "own"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What one action repairs. `whose`: one declarant's, who is named, or several declarants', or nobody is named. `declarations` counts those that its
    `lines` stand in (a line without a declaration number counts as one); `points_micro` is Σ of its findings', None while data are insufficient."""

    id: str
    kind: str
    whose: Whose
    declarant: str | None
    findings: tuple[str, ...]
    lines: int
    declarations: int
    points_micro: int | None = None
    codes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    first_day: date = date.min
    last_day: date = date.min
    sentence: Mapping[Language, str] = field(default_factory=dict)

    @property
    def repairable(self) -> bool:
        """Whether there is anything to repair: what customs did is a record of the past, which only time takes away."""
        return bool(_data()["kind"][self.kind]["repairable"])

    def to_json(self, lang: Language) -> dict[str, Any]:
        """One of `causes` (docs/score-questions.md); its lines are those of its findings."""
        return {
            "id": self.id,
            "kind": self.kind,
            "sentence": self.sentence[lang],
            "action": _data()["kind"][self.kind]["action"][lang],
            "findings": list(self.findings),
            "lines": self.lines,
            "declarations": self.declarations,
            "points_micro": self.points_micro,
            "whose": self.whose,
            "declarant": self.declarant,
            "codes": list(self.codes),
            "rules": list(self.rules),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "repairable": self.repairable,
        }


class _Stored(BaseModel):
    """What is read of a stored cause; all else follows from its findings."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    kind: str
    whose: Whose
    declarant: str | None
    findings: Annotated[list[str], Field(min_length=1)]
    lines: Annotated[int, Field(ge=1)]
    declarations: Annotated[int, Field(ge=1)]


def cause_from_json(data: object, findings: Mapping[str, Finding]) -> Cause:
    """The cause that `to_json` wrote, told anew from its findings (by id). Raises BadInput for anything else, NotFound for a finding that is not there."""
    try:
        stored = _Stored.model_validate(data)
    except ValidationError as error:
        raise BadInput(detail=f"cause: {error.errors(include_input=False, include_url=False)[0]}") from error
    if stored.kind not in _data()["kind"]:
        raise BadInput(detail=f"cause: {stored.kind}")
    for name in stored.findings:
        if name not in findings:
            raise NotFound(what=name)
    own = [findings[name] for name in stored.findings]
    cause = Cause(stored.id, stored.kind, stored.whose, stored.declarant, tuple(stored.findings), stored.lines, stored.declarations)
    return _told(cause, own)


def causes_of(made: Run) -> tuple[Cause, ...]:
    """The causes of a run, costliest first."""
    findings = made.result.findings
    lodged = _lodged(findings, made.judgements.lines)
    declarants = _declarants(len(findings), lodged)
    groups: dict[_Key, list[int]] = defaultdict(list)
    for place, key in enumerate(_keys(findings, declarants)):
        groups[key].append(place)
    groups = _gathered(groups, lodged)
    sizes = _sizes(lodged, list(groups.values()))
    causes = (
        _cause((made.result.enterprise, *key), [findings[place] for place in places], {declarants[place] for place in places}, size)
        for (key, places), size in zip(groups.items(), sizes, strict=True)
    )
    return tuple(sorted(causes, key=lambda cause: (-(cause.points_micro or 0), -cause.lines, cause.kind, cause.id)))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ecid.scoring").joinpath("causes.toml").read_text("utf-8"))


def _lodged(findings: Sequence[Finding], lines: pl.DataFrame) -> pl.DataFrame:
    """`place` of the finding, `line_id`, `declarant` ("" for none) and `declaration` of each of its lines."""
    named = pl.DataFrame({"place": range(len(findings)), "line_id": [list(finding.lines) for finding in findings]}, schema=_NAMED).explode("line_id")
    known = lines.select("line_id", declarant=pl.col("declarant").cast(pl.String).fill_null("").str.strip_chars()).sort("line_id", "declarant")
    number = pl.col("line_id").str.extract(_NUMBERED)
    return named.join(known.unique("line_id", keep="first"), on="line_id", how="left").with_columns(declaration=pl.coalesce(number, "line_id"))


def _declarants(findings: int, lodged: pl.DataFrame) -> list[str]:
    """Whose each finding is: the declarant of by far the most lines, "" where none is named, or `_SEVERAL`."""
    counts = lodged.group_by("place", "declarant").agg(pl.len()).with_columns(share=pl.col("len") * PPM // pl.col("len").sum().over("place"))
    main = counts.filter(pl.col("share") >= _data()["several_ppm"])
    found = dict(main.select("place", pl.col("declarant").fill_null("")).iter_rows())
    return [found.get(place, _SEVERAL) for place in range(findings)]


def _gathered(groups: Mapping[_Key, list[int]], lodged: pl.DataFrame) -> dict[_Key, list[int]]:
    """The groups, those of one declarant's template that are about a few lines each as one."""
    few, many = int(_data()["few_lines"]), int(_data()["scattered"])
    small: dict[str, list[_Key]] = defaultdict(list)
    for key, (lines, _) in zip(groups, _sizes(lodged, list(groups.values())), strict=True):
        if key[0] == _TEMPLATE and lines <= few:
            small[key[1]].append(key)
    scattered = {declarant: keys for declarant, keys in small.items() if len(keys) >= many}
    taken = {key for keys in scattered.values() for key in keys}
    merged = {(_SCATTERED, declarant): sorted(place for key in keys for place in groups[key]) for declarant, keys in scattered.items()}
    return {key: places for key, places in groups.items() if key not in taken} | merged


def _sizes(lodged: pl.DataFrame, groups: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """How many lines and declarations each group of findings is about."""
    group_of = {place: number for number, places in enumerate(groups) for place in places}
    if not group_of:
        return []
    grouped = lodged.group_by(pl.col("place").replace_strict(group_of, return_dtype=pl.Int64)).agg(pl.col("line_id", "declaration").n_unique())
    return list(grouped.sort("place").select("line_id", "declaration").iter_rows())


def _keys(findings: Sequence[Finding], declarants: Sequence[str]) -> list[_Key]:
    """For each finding what names its cause, kind first."""
    families = _families([finding for finding in findings if _kind(finding.rule) == "product_code"])
    in_question = {(finding.product_key, finding.code[:8]): families[finding.id] for finding in findings if finding.id in families}
    families |= {finding.id: in_question[goods] for finding in findings if (goods := (finding.product_key, finding.code[:8])) in in_question}
    return [_key(finding, declarant, families) for finding, declarant in zip(findings, declarants, strict=True)]


def _key(finding: Finding, declarant: str, families: Mapping[str, str]) -> _Key:
    kind = _kind(finding.rule)
    if finding.id in families and kind in ("product_code", "code_table"):
        return "product_code", families[finding.id]
    if kind == "outcome":
        return kind, finding.product_key, finding.code[:8]
    if kind == "code_table":
        return kind, declarant
    if kind == "entry_slip":
        return kind, declarant, finding.rule
    alike: list[str] = _data()["alike_everywhere"]
    labels = _labels([finding])
    if labels and all(label in alike for label in labels):
        return "fixed_elements", declarant, min(labels, key=alike.index)
    return kind, declarant, finding.code[:4]


def _families(findings: Sequence[Finding]) -> dict[str, str]:
    """By finding the name of its product family: goods whose code is one question. That is so for findings on one product under one code, for all codes
    that one product is split over, and for findings of one rule that say of one code the same."""
    family = {finding.id: finding.id for finding in findings}

    def head(member: str) -> str:
        while family[member] != member:
            member = family[member]
        return member

    questions: dict[_Key, str] = {}
    for finding in findings:
        code = finding.code[:8]
        same: list[_Key] = [("goods", finding.product_key, code)]
        if finding.rule == _SPLIT:
            same.append(("split", finding.product_key))
        if finding.suggested_codes:
            same.append((finding.rule, code, *finding.suggested_codes))
        for question in same:
            one, other = sorted((head(finding.id), head(questions.setdefault(question, finding.id))))
            family[other] = one
    return {finding.id: head(finding.id) for finding in findings}


def _kind(rule: str) -> str:
    return str(_data()["rule"][rule]["kind"])


def _labels(findings: Iterable[Finding]) -> list[str]:
    """The elements that the evidence names, without what stands in brackets, each once."""
    named = (item.get("label") for finding in findings for item in finding.evidence if item.get("kind") == "element")
    return list(dict.fromkeys(_BRACKETS.sub("", str(label)).strip() or str(label) for label in named if label))


def _cause(key: _Key, findings: Sequence[Finding], declarants: Collection[str], size: tuple[int, int]) -> Cause:
    """One cause; `key`: enterprise, kind, and what else names it."""
    name = next(iter(declarants)) if len(declarants) == 1 else _SEVERAL
    whose: Whose = "several" if name == _SEVERAL else "one" if name else "own"
    identity = hashlib.sha256("\x1f".join(("cause", *key)).encode()).hexdigest()[:16]
    return _told(Cause(identity, key[1], whose, name if whose == "one" else None, tuple(finding.id for finding in findings), *size), findings)


def _told(cause: Cause, findings: Sequence[Finding]) -> Cause:
    """The cause with all that its findings say."""
    points = [finding.points_micro for finding in findings if finding.points_micro is not None]
    cause = replace(
        cause,
        points_micro=sum(points) if points else None,
        codes=tuple(sorted({finding.code[:8] for finding in findings})),
        rules=tuple(sorted({finding.rule for finding in findings})),
        first_day=min(finding.first_day for finding in findings),
        last_day=max(finding.last_day for finding in findings),
    )
    return replace(cause, sentence={lang: _sentence(cause, findings, lang) for lang in _LANGUAGES})


def _sentence(cause: Cause, findings: Sequence[Finding], lang: Language) -> str:
    data = _data()
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    what = [data["rule"][rule]["phrase"][lang].format(elements=_listed(_labels(found), lang)) for rule, found in by_rule.items()]
    facts = {
        "who": data["who"][cause.whose][lang].format(declarant=cause.declarant),
        "what": _PHRASES[lang].join(what),
        "headings": _listed(sorted({code[:4] for code in cause.codes}), lang),
        "codes": _listed(cause.codes, lang),
        "goods": _listed(list(dict.fromkeys(finding.goods_name for finding in findings)), lang),
    }
    tenths = (cause.points_micro or 0) // (PPM // 10)
    size = data["count"]["unscored" if cause.points_micro is None else "size"][lang]
    sentence = data["kind"][cause.kind]["sentence"][lang].format_map(facts)
    counted = data["count"]["line" if cause.lines == 1 else "lines"][lang].format(lines=cause.lines)
    points = data["count"]["points" if tenths else "no_point"][lang].format(points=f"{tenths // 10}.{tenths % 10}")
    return str(size.format(sentence=sentence, counted=counted, points=points))


def _listed(names: Sequence[str], lang: Language) -> str:
    shown: int = _data()["shown"]
    named = _LIST[lang].join(names[:shown])
    if len(names) <= shown:
        return named
    return str(_data()["count"]["more"][lang].format(named=named, all=len(names), rest=len(names) - shown))
