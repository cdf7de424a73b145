"""Rows that each have a number of their own (decisions, rulings), read into records: one loop for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ecid.knowledge.decision_numbers import canonical
from ecid.knowledge.imported import Skipped, SourceFile
from ecid.knowledge.importers.cell_values import Fault
from ecid.knowledge.records import Record
from ecid.knowledge.tables import known_table, no_rows, require_codes

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NumberedRows:
    """How rows become records: `number` is the official number of a row, empty if it has none; `fault` says why a row cannot be used, `code_fault` why its
    code is none; `record` makes the record of a row from its number and the place it is cited by."""

    number: Callable[[Row], str]
    fault: Callable[[Row, str], Fault | None]
    code_fault: Callable[[str], Fault | None]
    record: Callable[[Row, str, str, str], Record]

    def read(self, file: SourceFile) -> tuple[tuple[Record, ...], tuple[Skipped, ...]]:
        """The records of a file, and what was not taken over. Raises `UnreadableFile` where no row can be used or columns are shifted."""
        table = known_table(file)
        require_codes(file, table, self.code_fault)
        records: dict[str, Record] = {}
        skipped = list(table.skipped)
        for place, row in table.rows:
            number = self.number(row)
            fault = self.fault(row, number) or self.code_fault(row["code"])
            if not fault and canonical(number) in records:
                fault = f"{number} 重复", f"{number} stands twice"
            if fault:
                skipped.append(Skipped(place, *fault))
            else:
                records[canonical(number)] = self.record(row, number, f"{file.name}: {place}", file.sha256)
        if not records:
            raise no_rows(file)
        return tuple(records.values()), tuple(skipped)
