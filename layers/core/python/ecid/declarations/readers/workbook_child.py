"""Runs as a process of its own: a workbook on the disk to lines of JSON, one for the sheets' names and one for each row.

A hostile workbook can make the parser ask for any amount of memory or time, which ends the process that runs it; so it is this one, under limits, and
not the caller's. Arguments: path, bytes of memory, seconds of processor time. Output: `["sheet", …]`, then `[sheet index, sheet row, "cell", …]`, cells
as text. A file that cannot be read ends it with status 3 and the reason (`password` or `damaged`) as last line, `{"error": …}`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import date, datetime

import python_calamine

_EXACT = 10**15  # beyond it a spreadsheet number has lost digits, so that a declaration number must not be read from it
CANNOT_READ = 3


def text_of(value: object) -> str:
    """A cell value as text: whole numbers without a fraction, dates in ISO form, numbers too long to be exact in exponent form."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if abs(value) < _EXACT:
            return str(int(value)) if value == int(value) else f"{value:.15g}"
        return f"{value:.14e}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def main(path: str, memory: int, seconds: int) -> int:
    """Write the rows of the workbook at `path` to standard output."""
    _limit(memory, seconds)
    write = sys.stdout.write
    try:
        workbook = python_calamine.load_workbook(path)
        names = workbook.sheet_names
        write(json.dumps(names, ensure_ascii=False) + "\n")
        for index, name in enumerate(names):
            for number, row in enumerate(workbook.get_sheet_by_name(name).iter_rows(), start=1):
                write(json.dumps([str(index), str(number), *map(text_of, row)], ensure_ascii=False) + "\n")
    except python_calamine.PasswordError:
        write('{"error": "password"}\n')
    except (python_calamine.CalamineError, OSError, ValueError, OverflowError, MemoryError):
        write('{"error": "damaged"}\n')
    else:
        return 0
    return CANNOT_READ


def _limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system; the limits are then those of the caller
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
