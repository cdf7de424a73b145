"""Domains: cases stand in `domains.yaml` and `lookalikes.yaml`."""

from __future__ import annotations

import random
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import idna
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from ecid.errors import InvalidDomain
from ecid.identity import domains, lookalikes
from ecid.identity.domains import Domain, Note, Reason, lookalike_keys, looks_like, normalise, note_text

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "domains.yaml").read_text("utf-8"))
LOOKALIKES = yaml.safe_load((HERE / "lookalikes.yaml").read_text("utf-8"))

TYPED = st.text(max_size=40) | st.text("aZ0-.。．:/@[]%_ xn中раß\u200b①", max_size=40) | st.from_regex(r"\A[a-z0-9-]{1,12}(\.[a-z0-9-]{1,6}){1,3}\Z")


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["typed"])
def test_accepted(case: dict[str, Any]) -> None:
    registrable = case["registrable"]
    expected = Domain(registrable, case.get("display", registrable), case.get("host", registrable), tuple(case.get("notes", ())))
    assert normalise(case["typed"], frozenset(case.get("allow_reserved", ()))) == expected


@pytest.mark.parametrize(("reason", "typed"), [(reason, typed) for reason, all_typed in CASES["refused"].items() for typed in all_typed])
def test_refused(reason: str, typed: str) -> None:
    with pytest.raises(InvalidDomain) as caught:
        normalise(typed)
    assert caught.value.context["reason"] == reason
    assert caught.value.sentence("zh") != caught.value.sentence("en")


def test_every_reason_has_a_case() -> None:
    assert set(CASES["refused"]) | {Reason.TOO_LONG, Reason.LABEL_TOO_LONG} == set(Reason)


LENGTHS = {
    "label of 63": ("a" * 63 + ".com", None),
    "label of 64": ("a" * 64 + ".com", Reason.LABEL_TOO_LONG),
    "label of 64 only when encoded": ("".join(map(chr, range(0x4E00, 0x9000, 419))) + ".com", Reason.LABEL_TOO_LONG),
    "host of 253": (".".join(["a" * 49] * 5) + ".com", None),
    "host of 254": (".".join(["a" * 49] * 5) + ".asia", Reason.TOO_LONG),
    "host of 254 only when encoded": (".".join(["汉字典籍"] * 15) + ".cn", Reason.TOO_LONG),
    "host before a long path": ("acme.com/" + "x" * 4000, None),
    "text beyond reason": ("acme.com/" + "x" * 5000, Reason.TOO_LONG),
}


@pytest.mark.parametrize("case", LENGTHS)
def test_lengths(case: str) -> None:
    typed, reason = LENGTHS[case]
    if reason is None:
        assert normalise(typed).registrable
        return
    with pytest.raises(InvalidDomain) as caught:
        normalise(typed)
    assert caught.value.context["reason"] == reason


def test_a_million_characters_fail() -> None:
    flood = "a" * 1_000_000
    with pytest.raises(InvalidDomain):
        normalise(flood)


@given(TYPED)
@example("xn--.com")
@example("\ud800.com")
@example("[")
@example("a:b:c")
@settings(max_examples=400, deadline=None)
def test_idempotent_and_no_other_error(typed: str) -> None:
    try:
        domain = normalise(typed, frozenset({"example"}))
    except InvalidDomain as refused:
        assert refused.context["reason"] in set(Reason)  # noqa: PT017 – most texts are refused, some are not
        return
    again = normalise(domain.registrable, frozenset({"example"}))
    assert (again.registrable, again.display) == (domain.registrable, domain.display)
    assert domain.host == domain.registrable or domain.host.endswith("." + domain.registrable)
    assert domain.registrable.isascii()
    assert domain.registrable == domain.registrable.lower()
    assert not any(unicodedata.category(char).startswith("C") for char in domain.display)
    assert normalise(domain.display, frozenset({"example"})).registrable == domain.registrable


def test_agrees_with_the_whole_public_suffix_list() -> None:
    """Splitting the list into its two sections changes no answer: below every rule of the list, and at the rule itself."""
    whole = PublicSuffixList()
    rules = {line.split(" ")[0].lstrip("*!.").strip() for line in _list_lines()}
    differing = []
    for rule in rules:
        for host in (rule, f"a.{rule}", f"b.a.{rule}"):
            encoded = ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in host.split("."))
            expected = whole.privatesuffix(encoded)
            try:
                got: str | None = normalise(host).registrable
            except InvalidDomain as refused:
                got = None if refused.context["reason"] in {Reason.PUBLIC_SUFFIX, Reason.PRIVATE_SUFFIX, Reason.SINGLE_LABEL} else str(refused)
            if got != expected and host.split(".")[-1] not in domains._data()["reserved"]["suffixes"]:
                differing.append((host, got, expected))
    assert differing == []


def _list_lines() -> list[str]:
    text = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("//")]


@pytest.mark.parametrize("case", LOOKALIKES, ids=lambda case: f"{case['asked']}~{case['known']}")
def test_lookalikes(case: dict[str, Any]) -> None:
    asked = normalise(case["asked"])
    found = looks_like(asked, ["unrelated-name.org", case["known"]])
    assert [(hit.known, hit.kind) for hit in found] == ([(case["known"], case["kind"])] if case["kind"] else [])
    if found:
        assert lookalike_keys(asked.registrable) & lookalike_keys(case["known"])


LABEL = st.text("abcdeilmnorvw01-", min_size=4, max_size=12).filter(lambda label: label.strip("-") == label and not label.startswith("xn--"))
LONG = LABEL.filter(lambda label: len(label) >= lookalikes._data()["edits"]["shortest"])


@given(label=LONG, at=st.integers(0, 11), char=st.sampled_from("abz-"), how=st.sampled_from(["insert", "delete", "substitute", "swap"]))
@settings(max_examples=300, deadline=None)
def test_one_edit_of_a_longer_name_is_found_and_indexed(label: str, at: int, char: str, how: str) -> None:
    at = min(at, len(label) - 2)
    edited = {
        "insert": label[:at] + char + label[at:],
        "delete": label[:at] + label[at + 1 :],
        "substitute": label[:at] + char + label[at + 1 :],
        "swap": label[:at] + label[at + 1] + label[at] + label[at + 2 :],
    }[how]
    numbered = {"delete": label[at], "swap": label[at : at + 2]}.get(how, "").isdigit()  # shops are numbered
    found = looks_like(Domain(f"{edited}.com", "", ""), [f"{label}.com"])
    assert bool(found) == (edited != label) or numbered
    assert lookalike_keys(f"{edited}.com") & lookalike_keys(f"{label}.com")


AROUND = st.lists(st.sampled_from(["acme", "tools", "t00ls", "china", "official", "www", "cn", "-", "1"]), min_size=1, max_size=5).map("".join)
NAMES = LABEL | AROUND.map(lambda label: label.strip("-") or "a")


@given(one=NAMES, other=NAMES, suffixes=st.sampled_from([("com", "com"), ("com", "cn")]))
@settings(max_examples=300, deadline=None)
def test_whatever_is_found_shares_a_key(one: str, other: str, suffixes: tuple[str, str]) -> None:
    asked, known = f"{one}.{suffixes[0]}", f"{other}.{suffixes[1]}"
    if looks_like(Domain(asked, asked, asked), [known]):
        assert lookalike_keys(asked) & lookalike_keys(known)


def test_confusable_table_is_in_its_own_terms() -> None:
    """Every character can be reached (no mapping takes it away before), stands once, and ends in a representative, not in another row."""
    rows = lookalikes._data()["passes_for"]
    characters = "".join(rows.values())
    assert len(set(characters)) == len(characters)
    assert not set("".join(rows)) & set(characters)
    for char in characters:
        assert unicodedata.normalize("NFKD", char) == char
        assert idna.uts46_remap(char, std3_rules=False) == char
        assert idna.intranges_contain(ord(char), idna.idnadata.codepoint_classes["PVALID"] + idna.idnadata.codepoint_classes["CONTEXTO"])


def test_tables_of_words_and_keys_are_sound() -> None:
    data = lookalikes._data()
    assert set(data["words"]["joined"]) <= set(data["words"]["hyphenated"])
    assert all(len(word) >= 3 for word in data["words"]["joined"])
    assert all(len(pair) == 2 for pair in data["edits"]["similar"])


def _supplier_names(seed: int) -> Iterator[str]:
    """Made-up names as Chinese exporters choose them: two or three syllables, initials, a trade word, a number; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 – names, not secrets
    parts = yaml.safe_load((HERE / "supplier_names.yaml").read_text("utf-8"))
    shapes = [["syllable"] * 2, ["syllable"] * 3, ["initial"] * 3, ["initial"] * 4, ["syllable", "syllable", "trade"], ["syllable", "syllable", "-", "trade"]]
    shapes += [["initial", "initial", "trade"], ["initial", "initial", "-", "trade"], ["initial", "initial", "number"], ["syllable", "trade", "-", "word"]]
    while True:
        yield "".join(draw.choice(parts[part]) if part != "-" else "-" for part in draw.choices(shapes, [30, 10, 12, 8, 12, 6, 7, 5, 5, 5])[0])


def test_unrelated_names_are_seldom_warned_about() -> None:
    """False alarms of 500 names that nobody registered, beside 1,000 registered ones, all under one suffix, asked as the store is asked."""
    stream = _supplier_names(20260517)
    known = set(islice(unique(stream), 1000))
    index: defaultdict[str, set[str]] = defaultdict(set)
    for name in known:
        for key in lookalike_keys(f"{name}.com"):
            index[key].add(f"{name}.com")
    asked = list(islice((name for name in stream if name not in known), 500))
    alarms: Counter[str] = Counter()
    for name in asked:
        candidates = {other for key in lookalike_keys(f"{name}.com") for other in index[key]}
        alarms.update({hit.kind for hit in looks_like(Domain(f"{name}.com", "", ""), candidates)})
    assert alarms["one_edit"] <= 25, alarms
    assert alarms.total() <= 40, alarms


def unique(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    return (name for name in names if not (name in seen or seen.add(name)))


def test_wording_is_complete_in_both_languages() -> None:
    texts = domains._data()
    assert set(texts["reasons"]) == set(Reason)
    assert set(texts["notes"]) == set(get_args(Note))
    for table in (texts["reasons"], texts["notes"]):
        assert all(set(entry) == {"zh", "en"} and all(entry.values()) for entry in table.values())
    assert note_text("idn", "zh") != note_text("idn", "en")


def test_market_places_are_registrable_or_suffixes_but_not_both() -> None:
    places = domains._data()["marketplaces"]
    whole = PublicSuffixList()
    assert all(whole.privatesuffix(name) == name for name in places["shop_paths"])
    assert not set(places["shop_paths"]) & set(places["shop_suffixes"])
    assert all(whole.publicsuffix(name) != name for name in places["shop_suffixes"]), "the public suffix list carries it by now"


def test_import_stays_light() -> None:
    """Neither the suffix list nor `idna` nor the table reader is loaded by the import alone."""
    code = "import sys, ecid.identity.domains; print([m for m in ('idna', 'publicsuffixlist', 'tomllib', 'importlib.resources') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert run.stdout.strip() == "[]"
