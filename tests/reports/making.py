"""Reports to look at: of the sample, of thousands of findings, of goods with hostile names, of too few lines, of nothing to review."""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args

from ecid.adapters.knowledge_files import load_reference
from ecid.errors import Language
from ecid.reports.report import Report
from ecid.scoring.result import Review
from ecid.services.scan_files import Period, Questions, Scan, scan_files
from ecid.services.write_report import FORMATS, report_of

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "knowledge" / "samples" / "harborlight" / "declarations.csv"
NOW = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = get_args(Language)
Kind = Literal["sample", "many", "hostile", "few", "clean"]
KINDS: tuple[Kind, ...] = get_args(Kind)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style></title><svg onload=alert(1)>",
    '=HYPERLINK("http://evil.example/","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    '#import "x": * ] #panic(1) $x$ *b* _i_ @ref <l>',
    "{{ 7*7 }} {% raw %}",
    "\u202egnp.exe \u200b bell",
    "http://evil.example/",
    "𠮷😀ع",
)
_HEADINGS = "海关编号,项号,申报日期,监管方式,境内发货人统一社会信用代码,申报单位,最终目的国,原产国,商品编号,商品名称,规格型号,成交数量,成交单位,单价,总价,币制"
_LINES: dict[str, int] = {"few": 6, "hostile": 60, "many": 3_400, "clean": 40}
_REVIEW = Review("按样品核对，<b>维持</b>", "张三", date(2026, 5, 1))


@cache
def scanned(kind: Kind) -> Scan:
    """The scan, with a work list; the sample's costliest finding carries the owner's mark."""
    if kind == "sample":
        first = _scan(SAMPLE, Questions(forecast=True)).result.findings[0].id
        return _scan(SAMPLE, Questions(forecast=True, work_list=True, reviews={first: _REVIEW}))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.csv"
        path.write_text("\n".join([_HEADINGS, *(_row(kind, number) for number in range(_LINES[kind]))]), "utf-8")
        return _scan(path, Questions(forecast=True, work_list=True))


@cache
def reported(kind: Kind, lang: Language) -> Report:
    """The report of that scan."""
    return report_of(scanned(kind), [SAMPLE if kind == "sample" else Path(f"{HOSTILE[0]}.csv")], lang)


@cache
def written(kind: Kind, lang: Language, suffix: str) -> bytes:
    """The report in a format."""
    return _write(FORMATS[suffix], reported(kind, lang))


@cache
def work_list(kind: Kind, lang: Language) -> bytes:
    """The work list."""
    return _write("ecid.reports.work_sheets:write_work_list", scanned(kind).work_list, reported(kind, lang))


def _write(place: str, *told: object) -> bytes:
    module, _, name = place.partition(":")
    out = io.BytesIO()
    getattr(import_module(module), name)(*told, out)
    return out.getvalue()


def _scan(path: Path, questions: Questions) -> Scan:
    return scan_files([path], _reference, NOW, Period(as_of=date(2026, 5, 17)), questions=questions)


@cache
def _reference() -> Any:
    return load_reference([ROOT / "knowledge"])


def _row(kind: str, number: int) -> str:
    """A line of LED lamps: right in a clean file, else with something missing and another brand each, so that each is a finding of its own."""
    name = HOSTILE[number % len(HOSTILE)] if kind == "hostile" else "LED球泡灯"
    brand = f"{HOSTILE[number % len(HOSTILE)]}" if kind == "hostile" else f"样{number}牌"
    missing = f"4|0|机器用|{brand.replace('|', '/')}|" if kind == "hostile" else f"4|0||{brand}|M{number}"
    specification = "4|0|室内照明用|样牌|A60" if kind == "clean" else missing
    day = date(2025, 1, 1) + timedelta(days=number % 400)
    cells = (f"53162025{number // 4:010}", str(number % 4 + 1), str(day), "0110", "914403005867203466", f"报关行{number % 3}", "德国", "中国")
    goods = ("8539521000", name, specification, "100", "只", "1.2", "120", "USD")
    return ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (*cells, *goods))
