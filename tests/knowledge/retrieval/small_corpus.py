"""Records for the tests of retrieval: those of the pack's rules and of a few chapters, lines of two chapters, and decisions made up here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ecid.knowledge.pack import read_pack
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.records import KINDS, Kind, Record
from ecid.knowledge.retrieval.lines import line_records
from ecid.knowledge.retrieval.passages import reach

PACK = Path(__file__).parents[3] / "knowledge"
_KINDS = {"gri", "procedure", "ruling_rule"}
_CHAPTERS = ("85", "95")


DAYS: dict[str, tuple[date, date | None]] = {
    "old": (date(2015, 2, 1), date(2018, 4, 30)),
    "middle": (date(2018, 5, 1), date(2024, 2, 29)),
    "new": (date(2024, 3, 1), None),
    "coming": (date(2031, 1, 1), None),
}
"""When the records `dated-<kind>-<word>` are in force: each but the last follows the one before it."""


def corpus() -> list[Record]:
    """The records, in the order of the pack."""
    kept = [record for record in read_records(PACK) if record.kind in _KINDS or any(code.startswith(_CHAPTERS) for code in reach(record))]
    lines = [record for record in line_records([read_pack(PACK)], []) if record.codes[0].startswith(_CHAPTERS)]
    return [*kept, *lines, *_decisions(), *(_dated(kind, word) for kind in KINDS for word in DAYS)]


def _decisions() -> list[Record]:
    days = {"Z2019-0001": (date(2019, 3, 1), date(2021, 12, 31)), "J2020-0002": (date(2020, 6, 1), date(2022, 6, 30)), "Z2023-0003": (date(2023, 1, 1), None)}
    names = {"Z2019-0001": "便携式蓄电盒", "J2020-0002": "车载蓄电盒", "Z2023-0003": "家用蓄电盒"}
    return [
        Record(
            f"decision-{number}",
            "decision",
            ("850760",),
            {"zh": names[number]},
            {"zh": f"{names[number]}，归入850760。"},
            *days[number],
            "公告",
            number,
            "0" * 64,
        )
        for number in days
    ]


def _dated(kind: Kind, word: str) -> Record:
    title, text = {"zh": f"样件盒{word}", "en": f"Sample box {word}"}, {"zh": f"样件盒，{word}。", "en": f"A sample box, {word}."}
    facts = {"names": {lang: [name] for lang, name in title.items()}} if kind == "term" else {}
    return Record(f"dated-{kind}-{word}", kind, (), title, text, *DAYS[word], "来源", word, "0" * 64, facts=facts)
