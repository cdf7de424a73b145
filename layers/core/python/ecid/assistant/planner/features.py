"""What a question names: codes, findings, a target, figures that it states, dates, goods, a market, a domain, its language. Pure text work.

Everything is read from the question as it stands; nothing is looked up. `masked` is the same question with each of these replaced by a word for its
kind, so that the words of intent are what is left. The words themselves are data (features.toml).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ecid.assistant.planner.claims import findings_stated, lost_stated
from ecid.assistant.planner.described import MASKS, goods_named
from ecid.assistant.planner.markets import market_in
from ecid.assistant.planner.numerals import number_of, numerals, tens
from ecid.assistant.planner.records import mentions, words
from ecid.errors import Language

LONGEST = 2_000
"""Characters of a question that are read."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:xn--[a-z0-9-]+|[a-z]{2,24}))(?:[:/][^\s，。？]*)?(?![\w@])", re.ASCII
)
_NO_DOMAIN = re.compile(r"\.(?:pdf|xlsx?|csv|docx?|xml|json|html?|png|jpe?g|txt|zip)$")
_CODE = re.compile(r"(?<![\w.])(?:\d{4}(?:\.\d{2}){1,3}|\d{13}|\d{10}|\d{8}|\d{6}|\d{4})(?![\d%]|\.\d)", re.ASCII)
_HEX = re.compile(r"(?<![0-9a-z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{4,16}(?![0-9a-z])", re.ASCII)
_NAMED_HEX = re.compile(r"(?:finding|id|编号|事项)\s*[:：#]?\s*([0-9a-f]{4,16})(?![0-9a-z])", re.ASCII)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:-|/|\.|年\s?)(\d{1,2})(?:(?:-|/|\.|月\s?)(\d{1,2})日?)?月?(?![\d.])", re.ASCII)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?年?(?!\d)", re.ASCII)
_QUOTED = re.compile(r"[「『“\"]([^「」『』“”\"]{2,300})[」』”\"]")
_CJK = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z]{2,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Features:
    """What a question names. `findings`: ordinals (as text) and beginnings of ids, in order; `first`: so many findings from the top; `last`: the last one.
    `target` and `claimed`: points; `claimed_…`: what it states besides; `days`: ISO, a month or year by its first day; `lang`: None without words."""

    text: str
    masked: str
    lang: Language | None
    asked_lang: Language | None = None
    codes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    first: int | None = None
    last: bool = False
    target: int | None = None
    claimed: int | None = None
    days: tuple[str, ...] = ()
    goods: str | None = None
    market: str | None = None
    domains: tuple[str, ...] = ()
    claimed_aeo: str | None = None
    claimed_findings: int | None = None
    claimed_lost: int | None = None
    dimension: int | None = None


@dataclass
class _Reader:
    """The text still to be read, what has been taken out replaced by a mask."""

    text: str
    found: dict[str, Any] = field(default_factory=dict)

    def take(self, pattern: re.Pattern[str], mask: str, *, groups: tuple[str | int, ...] = (0,), unless: re.Pattern[str] | None = None) -> list[re.Match[str]]:
        """All matches of a pattern, but those with something before them; the first of `groups` that is there is masked in each."""
        found = [match for match in pattern.finditer(self.text) if not (unless and unless.search(self.text[: match.start()]))]
        for match in reversed(found):
            begin, end = next(match.span(group) for group in groups if match.span(group) != (-1, -1))
            self.text = f"{self.text[:begin]} {mask} {self.text[end:]}"
        return found


def normal(question: str) -> str:
    """One form for what looks alike: compatibility forms folded, invisible characters dropped, lower case, single blanks."""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", question[:LONGEST])).casefold().replace("’", "'").replace("‘", "'")
    return _misspelt().sub(lambda found: str(words()["spelling"][found[0]]), " ".join(text.split()))


@cache
def _misspelt() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, words()['spelling']))})(?![\w.-])", re.ASCII)


def language_of(text: str) -> Language | None:
    """The language most of a question is in; a Chinese character counts as a word in half."""
    chinese, latin = len(_CJK.findall(text)), len(_LATIN.findall(text))
    if not chinese and not latin:
        return None
    return "zh" if chinese >= latin else "en"


def features_of(question: str) -> Features:
    """Read a question."""
    text = normal(question)
    reader = _Reader(text)
    languages: tuple[Language, ...] = ("en", "zh")
    asked_lang = next((lang for lang in languages if any(word in text for word in words()["language"][lang])), None)
    quoted = [match.group(1).strip() for match in reader.take(_QUOTED, "xgoods")]
    domains = tuple(dict.fromkeys(match.group(1) for match in reader.take(_DOMAIN, "xdomain") if not _NO_DOMAIN.search(match.group(1))))
    days = _days(reader)
    findings = _ids(reader)
    reader.take(_named_by_rule(), "xrule")
    codes = _codes(reader)
    dimension = _dimension(reader)
    first, last, ordinals = _ordinals(reader)
    claimed, target = _points(reader)
    goods = goods_named(quoted, reader.text, chinese=language_of(text) == "zh")
    return Features(
        text=text,
        masked=" ".join(reader.text.split()),
        lang=language_of(MASKS.sub(" ", reader.text)),
        asked_lang=asked_lang,
        codes=codes,
        findings=(*findings, *ordinals),
        first=first,
        last=last,
        target=target,
        claimed=claimed,
        days=days,
        goods=goods,
        market=market_in(reader.text),
        domains=domains,
        dimension=dimension,
        claimed_findings=findings_stated(text),
        claimed_lost=lost_stated(text),
        claimed_aeo=next((level for level, said in words()["claims"]["aeo"].items() if any(one in text for one in said)), None),
    )


def _days(reader: _Reader) -> tuple[str, ...]:
    found = []
    for match in reader.take(_DAY, "xdate"):
        year, month, day = match.group(1), int(match.group(2)), int(match.group(3) or 1)
        if 1 <= month <= 12 and 1 <= day <= 31:
            found.append(f"{year}-{month:02}-{day:02}")
    for match in reader.take(_english_day(), "xdate"):
        month = words()["months"]["names"].index(next(name for name in words()["months"]["names"] if name.startswith(match["month"][:3]))) + 1
        day = int(match["before"] or match["after"] or 1)
        found.append(f"{match['year']}-{month:02}-{day:02}")
    for match in reader.take(_YEAR, "xdate"):
        # A heading such as 2008 or 1902 is no year; from 2010 on, and in the nineties, the headings of these chapters are not taken.
        if not re.match(r"(?:190[1-5]|200[1-9])$", match.group(1)) or "年" in match.group(0):
            found += [f"{match.group(1)}-01-01"]
    return tuple(dict.fromkeys(found))


@cache
def _english_day() -> re.Pattern[str]:
    names = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in words()["months"]["names"])
    return re.compile(
        rf"(?:(?<!\d)(?P<before>\d{{1,2}})(?:st|nd|rd|th)? )?\b(?P<month>{names})\.?(?: (?P<after>\d{{1,2}})(?:st|nd|rd|th)?,?)?,? (?P<year>(?:19|20)\d\d)\b"
    )


def _ids(reader: _Reader) -> tuple[str, ...]:
    named = [match.group(1) for match in reader.take(_NAMED_HEX, "xfinding", groups=(1,))]
    return tuple(dict.fromkeys([*named, *(match.group(0) for match in reader.take(_HEX, "xfinding"))]))


def _codes(reader: _Reader) -> tuple[str, ...]:
    found = []
    for match in reader.take(_CODE, "xcode"):
        code = match.group(0).replace(".", "")
        if "01" <= code[:2] <= "97":
            found.append(code)
    return tuple(dict.fromkeys(found))


@cache
def _named_by_rule() -> re.Pattern[str]:
    return re.compile(mentions()["mask"])


def _dimension(reader: _Reader) -> int | None:
    """The dimension that is named by its number."""
    found = [number_of(next(group for group in match.groups() if group)) for match in reader.take(_numbered_dimension(), "xdimension")]
    return next((number for number in found if number and number <= 10), None)


@cache
def _numbered_dimension() -> re.Pattern[str]:
    zh, en = numerals("zh"), numerals("en")
    ordinals = "|".join(words()["numbers"]["en"]["ordinals"])
    return re.compile(
        rf"第\s?({zh}|\d{{1,2}})\s?(?:个|项)?\s?维度?(?![护修])|维度\s?({zh}|\d{{1,2}})(?!\d|个|项)"
        rf"|\bdim(?:ension)?s?\.? ?(?:no\.?|number|#)? ?({en}|\d{{1,2}})\b|\b({ordinals}) dim(?:ension)?\b",
        re.ASCII,
    )


def _ordinals(reader: _Reader) -> tuple[int | None, bool, tuple[str, ...]]:
    """How many from the top, whether the last one, and which ones by their place."""
    first = None
    for match in reader.take(_top(), "xfirst"):
        number = number_of(match["count"])
        first = number if number and number <= 20 else first
    last = any(True for _ in reader.take(_LAST, "xlast"))
    places = []
    for match in reader.take(_several(), "xnth"):
        places += [
            str(number)
            for said in re.findall(rf"\d{{1,2}}|{numerals('zh')}|{numerals('en')}", match["list"] or match["zh"])
            if (number := number_of(said)) and number <= 99
        ]
    for match in reader.take(_nth(), "xnth"):
        number = number_of(next(group for group in match.groups() if group))
        if number and number <= 99:
            places.append(str(number))
    return first, last, tuple(dict.fromkeys(places))


@cache
def _several() -> re.Pattern[str]:
    """Findings by several numbers: "findings 1, 3 and 4", 第一、三项, 第2和第5项."""
    zh, en = numerals("zh"), numerals("en")
    one, between = rf"#?(?:\d{{1,2}}|{en})\b", r"(?:, ?and |, ?| and | & | ?\+ ?|/)"
    return re.compile(
        rf"\b(?:findings?|items?|problems?|issues?|numbers?|nos?\.?) (?P<list>{one}(?:{between}{one})+)"
        rf"|第(?P<zh>(?:{zh}|\d{{1,2}})(?:[、,，和与及]+(?:第)?(?:{zh}|\d{{1,2}}))+)(?:项|个|条)",
        re.ASCII,
    )


_LAST = re.compile(r"最后(?:一)?(?:个|项|条)|\bthe last (?:one|finding)\b")


@cache
def _top() -> re.Pattern[str]:
    zh, en = numerals("zh"), numerals("en")
    return re.compile(
        rf"(?:(?:最前面?|前(?!一(?:个|项|条|版|次|任)))|\b(?:the )?(?:first|top|costliest|biggest|worst) )"
        rf"(?P<count>{zh}|{en}|\d{{1,2}})(?:个|项|条|大|处|名|(?![\w%]))(?! ?%)",
        re.ASCII,
    )


@cache
def _nth() -> re.Pattern[str]:
    zh = numerals("zh")
    ordinals = "|".join(words()["numbers"]["en"]["ordinals"])
    return re.compile(
        rf"第\s?({zh}|\d{{1,2}})(?!\s?(?:{zh}|\d|章|款|类|年|季|令|号|步|次|部分))(?:个|项|条|处|名)?"
        rf"|(?<!\d)(\d{{1,2}})号(?=待核|事项|问题|差错)"
        rf"|\b(?:the )?({ordinals})\b(?! (?:time|quarter|half|place|of all|step|chapter|party|sale))(?: (?:one|finding|item|point|problem|issue))?"
        rf"|\b(\d{{1,2}})(?:st|nd|rd|th)\b(?! (?:chapter|step|of))"
        rf"|(?:\b(?:finding|item|problem|issue|number|no\.?)|#) ?#?({numerals('en')}|\d{{1,2}})\b(?![\d.])",
        re.ASCII,
    )


def _points(reader: _Reader) -> tuple[int | None, int | None]:
    """The score that the question states as being so, and the one that it wants to reach."""
    claimed = target = None
    for floor, said in words()["bands"].items():
        if reader.take(re.compile(said), "xpoints"):
            target = int(floor)
    for match in reader.take(_claim(), "xclaim", groups=("points", "said"), unless=_WANTED):
        claimed = _score(match["points"] or match["said"]) if claimed is None else claimed
    for match in reader.take(_figure(), "xpoints"):
        number = _score(match["points"])
        target = number if target is None and number is not None else target
    return claimed, target


def _score(said: str) -> int | None:
    number = number_of(said)
    return number if number is not None and 0 <= number <= 1000 else None


@cache
def _claim() -> re.Pattern[str]:
    figure = rf"(?:{numerals('zh')}|{numerals('en')}|\d{{1,3}}(?:\.\d+)?)"
    said = words()["claims"]["score"]
    zh, en = said["zh"], said["en"]
    ahead = said["unless"]
    return re.compile(rf"(?:{zh}|{en})(?P<points>{figure}){ahead}(?:\s?分|(?![\w.]))|(?:才|只有|只得了?)\s?(?P<said>{figure})\s?分", re.ASCII)


_WANTED = re.compile(
    r"(?:reach|get|need|want|requir\w+|minimum|min|at least|target|aim\w*|to|with|不低于|至少|达到|要求|目标)(?: (?:a|the|for|of|is))*\s*$", re.ASCII
)


@cache
def _figure() -> re.Pattern[str]:
    figure = rf"(?:{numerals('zh')}(?=\s?分)|(?<=[到上过达于冲])[六七八九]十[一二三四五六七八九]?|{tens()}|\d{{1,3}}(?:\.\d+)?)"
    units = r"%|天|年|个|项|条|月|家|号|日|度|小时|(?:days?|months?|years?|lines?|findings?|weeks?|hours?|st|nd|rd|th|w|v|ah|mah|wh|kg|mm|cm)\b"
    return re.compile(rf"(?<![\w.#-])(?P<points>{figure})(?!\s?(?:{units}))(?:\s?分|\s?points?\b|s\b)?(?![\w.]*\d)", re.ASCII)
