"""The page that `make bench` writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.cold_import import EMPTY, YARDSTICK

SCORE_SECONDS, SCORE_MB = 20, 3_000
SCAN_MB = 2_000
VERIFY_OVER_MS = 1.0
LINEAR_RATIO = 1.5
COLD_RATIO = 1.5
COLD_LIMITED = "verify_domain"
ANSWER_MS, FIRST_MS = 300, 100
OPEN_MS, CLAUSES_MS, CANDIDATES_MS = 300, 30, 80
_FEW, _SOME, _MANY = 10_000, 100_000, 1_000_000
_NAMINGS = {"own_models": "each its own", "one_model": "one filler for all"}


def page(
    cold: Mapping[str, float],
    warm: Mapping[str, Any],
    scored: Sequence[Mapping[str, Any]],
    scanned: Mapping[str, Any],
    searched: Mapping[str, Any],
    assisted: Mapping[str, Any],
) -> str:
    """The whole page, in Markdown."""
    return "\n\n".join([_head(), _scored(scored), _warm(warm), _cold(cold), _searched(searched), assistant(assisted), _scanned(scanned)]) + "\n"


def with_section(written: str, section: str) -> str:
    """A page with this section in the place of the one of the same heading, or at its end."""
    heading = section.partition("\n")[0]
    parts = written.rstrip("\n").split("\n\n## ")
    kept = [parts[0], *(f"## {part}" for part in parts[1:])]
    places = [place for place, part in enumerate(kept) if part.partition("\n")[0] == heading] or [len(kept)]
    return "\n\n".join([*kept[: places[0]], section, *kept[places[0] + 1 :]]) + "\n"


def _head() -> str:
    return f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}; do not edit. Each figure stands beside a yardstick measured in the same run, since machines
differ. Tests never assert a figure of time.

Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gb()} GB of memory, {platform.system()} {platform.machine()}; Python {platform.python_version()},
polars {version("polars")}, boto3 {version("boto3")}."""


def _scored(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = (
        "lines",
        "distinct goods",
        "their models",
        "known",
        "dimensions judged",
        "score run",
        "polars reads and groups the same file",
        "ratio",
        "µs per line",
    )
    table = _table(
        (*heads, "placing (4 and 9)", "ms per description", "peak memory"),
        (
            (
                f"{row['lines']:,}",
                f"{row['goods']:,}",
                _NAMINGS[row["naming"]],
                row.get("known", "the pack"),
                ", ".join(map(str, row["judged"])),
                f"{row['score_s']:.2f} s",
                f"{row['read_and_group_s']:.3f} s",
                f"{row['score_s'] / row['read_and_group_s']:.0f}",
                f"{row['score_s'] / row['lines'] * 1e6:.1f}",
                f"{row['placed_s']:.2f} s",
                f"{row['placed_s'] / max(row['described'], 1) * 1e3:.2f}",
                f"{row['peak_mb']:,.0f} MB",
            )
            for row in rows
        ),
    )
    whole = [row for row in rows if row["lines"] == _MANY]
    return f"""## Score of generated lines

Read from Parquet, judged, weighed, ledger included; the process does nothing else. Goods are judged once however many lines carry them, so the number of
distinct goods decides as much as the number of lines: a large exporter repeats each of its goods some fifty times; one row is five times as varied. All goods
are distinct for dimensions 4 and 9 too, by name, elements and code, and placing them among all headings is most of the work. In rows of one filler all goods
carry one brand and a filler for a model, under names that have nothing in common: the worst case for finding out which are the same.

{table}

Asked for: one million lines with every dimension that declarations alone can be judged by in ≤ {SCORE_SECONDS} s and < {SCORE_MB:,} MB.

{_table(("one million lines", "seconds", "memory"), map(_kept, whole or rows[-1:]))}

{_linear(rows)}"""


def _kept(row: Mapping[str, Any]) -> tuple[str, str, str]:
    goods = f"{row['goods']:,} distinct goods, models {_NAMINGS[row['naming']]}, known: {row.get('known', 'the pack')}"
    return goods, f"{row['score_s']:.1f} s: {_verdict(row['score_s'] <= SCORE_SECONDS)}", f"{row['peak_mb']:,.0f} MB: {_verdict(row['peak_mb'] < SCORE_MB)}"


def _linear(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether ten times the lines, with ten times the goods, cost at most so many times as much for each line; what a first run costs is left aside."""
    few, some, many = _FEW, _SOME, _MANY
    taken = {row["lines"]: row["score_s"] for row in rows if row["naming"] == "own_models" and row["goods"] * 50 == row["lines"] and "known" not in row}
    if not {few, some, many} <= set(taken):
        return f"Whether the cost is linear is judged from runs of {few:,}, {some:,} and {many:,} lines."
    at_some, at_many = ((taken[count] - taken[few]) / (count - few) * 1e6 for count in (some, many))
    return (
        f"Linear: beyond what the run of {few:,} lines takes, mostly costs that do not depend on lines, each further line costs {at_some:.1f} µs "
        f"at {some:,} lines and {at_many:.1f} µs at {many:,}. Asked for: ≤ {LINEAR_RATIO} × as much. {_verdict(at_many <= LINEAR_RATIO * at_some)}"
    )


def _warm(row: Mapping[str, Any]) -> str:
    over = row["handler_ms"] - row["bare_ms"]
    fine = over <= VERIFY_OVER_MS and row["requests"] == 1 and row["keys"] <= 2
    table = _table(
        ("what", "median of " + f"{row['rounds']:,}"),
        (
            ("`verify_domain`, a known domain, JSON", f"{row['handler_ms']:.2f} ms"),
            (f"the same {row['operation']} made bare", f"{row['bare_ms']:.2f} ms"),
            ("difference", f"{over:.2f} ms"),
        ),
    )
    return f"""## Warm verification

The handler with an API Gateway event, on the embedded engine over its real protocol; in turn with the request that it makes. Requests to the store for one
verification: {row["requests"]}, keys: {row["keys"]}.

{table}

Asked for: one request of at most two keys, and ≤ {VERIFY_OVER_MS:.0f} ms over it. {_verdict(fine)}"""


def _cold(taken: Mapping[str, float]) -> str:
    yardstick = taken[YARDSTICK]
    table = _table(
        ("process", "median", f"× `{YARDSTICK}`"),
        ((f"`{name}`", f"{value:.0f} ms", "" if name == EMPTY else f"{value / yardstick:.2f}") for name, value in taken.items()),
    )
    return f"""## Cold import

Whole processes, interpreter included: what `import functions.<name>.app` costs, beside `{YARDSTICK}`. "ready" has besides built the store's client, which
a function else does on its first request; with SnapStart that state is in the snapshot.

{table}

Asked for: `{COLD_LIMITED}` ≤ {COLD_RATIO} × `{YARDSTICK}`. {_verdict(taken[COLD_LIMITED] <= COLD_RATIO * yardstick)}"""


def _searched(row: Mapping[str, Any]) -> str:
    table = _table(
        ("what", "p50", "p95", "× the product"),
        (
            (f"`{name}`", f"{row[f'{key}_50']:.1f} ms", f"{row[f'{key}_95']:.1f} ms", f"{row[f'{key}_50'] / row['product_50']:.0f}" if key != "product" else "")
            for name, key in (("/v1/clauses", "clauses"), ("/v1/candidates", "candidates"), ("vectors @ vector", "product"))
        ),
    )
    fine = max(row["clauses_ms"], row["candidates_ms"]) <= OPEN_MS and row["clauses_95"] <= CLAUSES_MS and row["candidates_95"] <= CANDIDATES_MS
    return f"""## Search

An index of {row["passages"]:,} passages of {row["records"]:,} real records ({row["source"]}), one thread. Opened in a process of its own, imports not
counted, every byte that is searched checked and the vectors' graph in memory: clauses {row["clauses_ms"]:.0f} ms, candidate headings
{row["candidates_ms"]:.0f} ms; reading the files of the former takes {row["files_ms"]:.0f} ms. {row["questions"]:,} questions, titles of records in both
languages, in turn with the product of as many vectors of the same size with one, which is the least that an exact search would do:

{table}

Asked for: opened in ≤ {OPEN_MS} ms, p95 ≤ {CLAUSES_MS} ms for clauses and ≤ {CANDIDATES_MS} ms for candidates. {_verdict(fine)}"""


def assistant(row: Mapping[str, Any]) -> str:
    """The section on the assistant."""
    warm = _table(
        ("warm", "p50", "p95"),
        (
            ("to the first event", f"{row['first_50']:.1f} ms", f"{row['first_95']:.1f} ms"),
            ("to the end of the answer", f"{row['answer_50']:.1f} ms", f"{row['answer_95']:.1f} ms"),
            ("the ledger alone, asked of the use case", f"{row['bare_50']:.1f} ms", ""),
        ),
    )
    cold = _table(
        ("in a fresh process", "median"),
        (
            ("imports and the first event", f"{row['cold_first']:,.0f} ms"),
            ("imports and the first answer", f"{row['cold_answer']:,.0f} ms"),
            ("`import boto3` alone", f"{row['cold_boto3']:,.0f} ms"),
        ),
    )
    many = _table(
        ("on `ecid serve`, over HTTP", "p50", "p95"),
        (
            ("a conversation of two questions, alone", f"{row['alone_50']:,.0f} ms", ""),
            (f"{row['at_once']} such at once", f"{row['together_50']:,.0f} ms", f"{row['together_95']:,.0f} ms"),
            (f"{row['at_once']} verifications of a domain at once", "", f"{row['verified_95']:,.0f} ms"),
        ),
    )
    fine = row["answer_95"] <= ANSWER_MS and row["first_95"] <= FIRST_MS
    return f"""## The assistant

The planner on a sample enterprise, with its tools, the check, and the conversation kept on the embedded engine; sixteen questions in both languages,
{row["rounds"]} times over.

{warm}

Asked for: p95 ≤ {ANSWER_MS} ms, first event ≤ {FIRST_MS} ms. {_verdict(fine)}

{cold}

{many}

All {row["at_once"]} were answered within {row["together_s"]:.1f} s, errors: {row["errors"]}. Asked for: none. {_verdict(row["errors"] == 0)}"""


def _scanned(row: Mapping[str, Any]) -> str:
    table = _table(
        ("file", "lines", "whole scan", "polars reads the same file", "peak memory, whole scan", "peak memory, reading alone"),
        (
            (
                f"{row['bytes'] / 1e6:,.0f} MB",
                f"{row['lines']:,}",
                f"{row['scan_s']:.0f} s",
                f"{row['polars_s']:.1f} s",
                f"{row['scan_mb']:,.0f} MB",
                f"{row['read_mb']:,.0f} MB",
            ),
        ),
    )
    return f"""## A large CSV file

`ecid scan --json` on a generated export of the Single Window's columns. Reading goes piece by piece; what is read is scored in memory, so the memory grows with
the lines and is bounded by their number: beyond `--max-lines` (5,000,000 unless set) a file is refused with a sentence that says what to do.

{table}

Asked for: bounded memory. The bound taken for this file is {SCAN_MB:,} MB. {_verdict(row["scan_mb"] < SCAN_MB)}"""


def _table(head: Sequence[str], rows: Any) -> str:
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)])


def _verdict(fine: bool) -> str:
    return "**Met.**" if fine else "**Not met in this run.**"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0] if names else platform.processor() or "unknown processor"


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
