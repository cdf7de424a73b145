"""The platform's quarterly list of frequently misclassified codes, as anyone may read it; `ecid.services.misclassified_codes` makes it."""

from __future__ import annotations

from datetime import date
from typing import Any

from ecid.errors import Language
from ecid.ports import FactStore

LIST = "#misclassified"
"""What the list is called among the stored records; no domain has a `#`."""
_REASONS = {
    "not_yet_published": {
        "zh": "尚未发布；每季度结束后，按该季度最后一日的情况发布一次。",
        "en": "None has been published yet; one is after the end of each quarter, as of its last day.",
    },
    "too_few_enterprises": {
        "zh": "没有编码满足发布条件：待核行来自至少10家互不关联的企业，其中任何一家不超过30%。样例企业不计入。",
        "en": "There is no code with findings of at least ten unrelated enterprises, none of which has more than 30 % of them. Samples do not count.",
    },
}


def revision_of(quarter_end: date) -> int:
    """Orders the lists: a later quarter's replaces an earlier one's, and never the reverse."""
    return quarter_end.toordinal()


def misclassified_codes(store: FactStore, lang: Language) -> dict[str, Any]:
    """`quarter` (`2026-Q3`) and its last day `as_of`, both null before there is a list; `codes`, the highest share first; `reason` where there are none:
    its `code` and a sentence. Raises SourceUnavailable."""
    record = store.get_record(LIST).record
    if record is None:
        return {"quarter": None, "as_of": None, "codes": [], "reason": _reason("not_yet_published", lang)}
    end, codes = date.fromisoformat(record["as_of"]), record["codes"][lang]
    reason = None if codes else _reason("too_few_enterprises", lang)
    return {"quarter": f"{end.year}-Q{end.month // 3}", "as_of": record["as_of"], "codes": codes, "reason": reason}


def _reason(code: str, lang: Language) -> dict[str, str]:
    return {"code": code, "text": _REASONS[code][lang]}
