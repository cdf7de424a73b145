"""The cases: each makes its input in a folder of its own, and gives what came out of it by part."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

from ecid.adapters.object_store import FolderStore
from ecid.bootstrap import Platform
from ecid.errors import Language
from ecid.feed.facts import enterprise_subject
from ecid.reports.report import document_of, pieces_of
from ecid.scoring.placement import Described
from ecid.scoring.policy import load_policy
from ecid.services.feed_samples import feed_samples
from ecid.services.ingest_events import Ingestion
from ecid.services.scan_files import Period, Questions, scan_files
from ecid.services.score_enterprise import Scoring
from ecid.services.write_report import report_of
from ecid.settings import CHECKOUT
from ecid.verification.record import build_record
from tests.acceptance import planted_files
from tests.adapters.engines import fact_store
from tests.declarations.xlsx import write_sheets

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SAMPLES = CHECKOUT / "knowledge" / "samples"
HARBORLIGHT = SAMPLES / "harborlight" / "declarations.csv"
EXPECTED = Path(__file__).with_name("expected.json")
UGLY = CHECKOUT / "tests" / "declarations" / "cases" / "ugly.csv"
GOODS = CHECKOUT / "knowledge" / "evaluation" / "goods_zh.jsonl"
TARGET = 90
_HEAD = {
    "EntryId": "海关编号",
    "TradeMode": "监管方式",
    "TradeCountry": "运抵国",
    "TradeCoScc": "境内发货人统一社会信用代码",
    "TradeName": "境内发货人",
    "OwnerName": "生产销售单位",
    "AgentName": "申报单位",
}
_LIST = {
    "GNo": "项号", "CodeTS": "商品编号", "GName": "商品名称", "GModel": "规格型号", "GQty": "成交数量", "GUnit": "成交单位", "FirstQty": "法定第一数量",
    "FirstUnit": "法定第一单位", "SecondQty": "法定第二数量", "SecondUnit": "法定第二单位", "DeclPrice": "单价", "DeclTotal": "总价", "TradeCurr": "币制",
}  # fmt: skip

Parts = Mapping[str, bytes]
Case = Callable[[Path, Platform], Parts]
Hashes = Mapping[str, Mapping[str, str]]
"""By case and part."""


def harborlight_csv(_: Path, platform: Platform) -> Parts:
    """A broker's list as CSV, with plan and forecast."""
    return _scanned([HARBORLIGHT], platform, "zh", TODAY)


def harborlight_xlsx(folder: Path, platform: Platform) -> Parts:
    """The same lines in a workbook, figures as numbers, told in English."""
    rows = [[_number(cell) for cell in row] for row in _rows(HARBORLIGHT)]
    return _scanned([write_sheets(folder / "harborlight.xlsx", {"Sheet1": rows})], platform, "en", TODAY)


def harborlight_xml(folder: Path, platform: Platform) -> Parts:
    """The same lines as declaration messages."""
    heading, *rows = _rows(HARBORLIGHT)
    lines = [dict(zip(heading, row, strict=True)) for row in rows]
    declared = {line["海关编号"]: [other for other in lines if other["海关编号"] == line["海关编号"]] for line in lines}
    path = folder / "harborlight.xml"
    path.write_text(f"<DecMessages>{''.join(map(_message, declared.values()))}</DecMessages>", "utf-8")
    return _scanned([path], platform, "zh", TODAY)


def messy(folder: Path, platform: Platform) -> Parts:
    """Two files of one enterprise: planted defects of every family in GB18030, and one with about everything that a heading or a cell can have wrong."""
    path = folder / "planted.csv"
    path.write_bytes(planted_files.build(1, "list_gb18030").content)
    return _scanned([path, UGLY], platform, "en", date(2025, 12, 31))


def placing(_: Path, platform: Platform) -> Parts:
    """Where goods belong, as dimensions 4 and 9 ask: floating point all the way to the last step, so that a last bit anywhere would show here first."""
    placement = platform.reference().placement
    assert placement
    texts = (CHECKOUT / "knowledge" / "evaluation" / "wrong_codes.jsonl").read_text("utf-8").splitlines() + GOODS.read_text("utf-8").splitlines()
    goods = [json.loads(text) for text in texts]
    asked = [Described(one["text"], (), f"{one.get('declared', one['code'])}00", date(2025, 1, 1)) for one in goods]
    return {"placed": repr(placement.place_all(asked)).encode()}


def feed(folder: Path, platform: Platform) -> Parts:
    """An enterprise from the data feed: everything that the worker keeps of its score, and the fact."""
    samples = folder / "samples"
    shutil.copytree(HARBORLIGHT.parent, samples / "harborlight")
    listed = (SAMPLES / "samples.toml").read_text("utf-8").partition("[[sample]]")[0]
    (samples / "samples.toml").write_text(
        f'{listed}[[sample]]\nask = "harborlight.example"\nzh = "样例"\nen = "a sample"\nfolders = ["harborlight"]\n', "utf-8"
    )
    objects = FolderStore(folder / "objects")
    with fact_store("moto", folder) as store:
        scoring = Scoring(store, objects, platform.reference, load_policy(), lambda: NOW, build_record)

        class Later:
            """Scores once, when everything has arrived."""

            def send(self, _: Mapping[str, object]) -> None:
                """Nothing yet."""

        fed = feed_samples(samples, Ingestion(store, objects, Later(), build_record, lambda: NOW, frozenset({"example"})), NOW)
        (uscc,) = fed[0].enterprises
        assert not fed[0].failed, fed[0].failed
        scoring.run(uscc)
        facts = {fact.name: fact.body for fact in store.facts(enterprise_subject(uscc)).facts}
    kept = sorted(path for path in (folder / "objects").rglob("*") if path.is_file() and "results" in path.parts)
    stored = {path.relative_to(folder / "objects").as_posix().replace(facts["score"]["result_id"], "ID"): path.read_bytes() for path in kept}
    return {f"fact {name}": json.dumps(body, sort_keys=True, default=str).encode() for name, body in facts.items()} | stored


CASES: Mapping[str, Case] = {case.__name__: case for case in (harborlight_csv, harborlight_xlsx, harborlight_xml, messy, placing, feed)}


def hashes_of(platform: Platform, cases: Iterable[str] = CASES, keep: Path | None = None) -> Hashes:
    """The hashes of some cases; the parts themselves go into the folder `keep`."""
    found = {}
    for name in cases:
        with tempfile.TemporaryDirectory() as folder:
            parts = CASES[name](Path(folder), platform)
        found[name] = {part: hashlib.sha256(content).hexdigest() for part, content in sorted(parts.items())}
        if keep:
            (keep / name).mkdir(parents=True, exist_ok=True)
            for part, content in parts.items():
                (keep / name / part.replace("/", "_")).write_bytes(content)
    return found


def differences(expected: Hashes, found: Hashes) -> list[str]:
    """`case: part` for whatever is not alike, or on one side alone."""
    names = [(case, part) for case in sorted({*expected, *found}) for part in sorted({*expected.get(case, {}), *found.get(case, {})})]
    return [f"{case}: {part}" for case, part in names if expected.get(case, {}).get(part) != found.get(case, {}).get(part)]


def _scanned(paths: Sequence[Path], platform: Platform, lang: Language, as_of: date) -> dict[str, bytes]:
    """The document of `ecid scan --plan 90 --forecast --json` as a whole and by its keys, and the loss table."""
    scan = scan_files(paths, platform.reference, NOW, Period(as_of), target=TARGET, questions=Questions(forecast=True))
    document = document_of(report_of(scan, paths, lang))
    whole = "".join(pieces_of(document))
    by_key = json.loads(whole)
    losses = json.dumps(scan.losses.to_json()).encode()
    return {"document": whole.encode(), "losses": losses} | {f"document.{key}": json.dumps(value).encode() for key, value in by_key.items()}


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _number(cell: str) -> object:
    """A cell as a workbook holds it: quantities and prices as numbers, what is longer or has a leading nought as text."""
    plain = cell.replace(".", "", 1)
    return float(cell) if plain.isdigit() and len(plain) <= 9 and not cell.startswith("0") else cell


def _message(lines: Sequence[Mapping[str, str]]) -> str:
    def tags(names: Mapping[str, str], line: Mapping[str, str]) -> Iterator[str]:
        return (f"<{tag}>{escape(line[name])}</{tag}>" for tag, name in names.items())

    head = f"<IEFlag>E</IEFlag><IEDate>{lines[0]['申报日期'].replace('-', '')}</IEDate>{''.join(tags(_HEAD, lines[0]))}"
    items = "".join(f"<DecList>{''.join(tags(_LIST, line))}<DestinationCountry>{line['最终目的国']}</DestinationCountry></DecList>" for line in lines)
    return f"<DecMessage><DecHead>{head}</DecHead><DecLists>{items}</DecLists></DecMessage>"
