"""What a person types for a supplier's website, read as the one registrable domain it belongs to.

Sources: the public suffix list bundled with `publicsuffixlist`, ICANN and private sections (publicsuffix.org); UTS #46, non-transitional, and
IDNA 2008 through `idna`; RFC 1035 for lengths; UTS #39 for what may be shown in Unicode. Reserved suffixes, market places and every sentence
stand in `domains.toml`. The suffix list (about 30 ms) and `idna` are loaded on first use, so that importing this module is cheap.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from ecid.errors import InvalidDomain, Language
from ecid.identity.display import is_safe_to_show, reads_in_order
from ecid.identity.lookalikes import Lookalike, lookalike_keys, looks_like, unicode_label

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["Domain", "Lookalike", "Note", "Reason", "lookalike_keys", "looks_like", "normalise", "note_text"]

MAX_HOST = 253
"""Octets of a whole host name in its text form (RFC 1035 §3.1)."""
MAX_LABEL = 63
MAX_INPUT = 4096
"""Characters of the text typed; longer than any address that is pasted, short enough to fail at once."""

Note = Literal["idn", "private_suffix", "unlisted_suffix", "reserved_suffix", "user_info", "name_in_front", "display_withheld"]


class Reason(StrEnum):
    """Why a text is no domain that can be looked up; `InvalidDomain.context["reason"]` holds one of these."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    EMPTY_LABEL = "empty_label"
    LABEL_TOO_LONG = "label_too_long"
    HYPHEN = "hyphen"
    BAD_CHARACTER = "bad_character"
    INVISIBLE_CHARACTER = "invisible_character"
    BAD_PORT = "bad_port"
    IP_ADDRESS = "ip_address"
    EMAIL_ADDRESS = "email_address"
    LOCALHOST = "localhost"
    SINGLE_LABEL = "single_label"
    RESERVED = "reserved"
    PUBLIC_SUFFIX = "public_suffix"
    PRIVATE_SUFFIX = "private_suffix"
    MARKETPLACE_PAGE = "marketplace_page"


@dataclass(frozen=True, slots=True)
class Domain:
    """A name as the platform knows it.

    `registrable` is the key: lower case, punycode. `display` is its Unicode form where that cannot mislead, else the same as `registrable`.
    `host` is the full host typed, lower case, punycode, without trailing dot. `notes` are in the order of `Note`.
    """

    registrable: str
    display: str
    host: str
    notes: tuple[Note, ...] = ()


class _Address(NamedTuple):
    host: str
    has_page: bool
    has_user_info: bool


_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x3002: 0x2E, 0xFF61: 0x2E}
_SPACES = " \t\r\n\f\v\u00a0"
_SCHEME = re.compile(r"(?:https?|ftp|wss?):/*|[a-z][a-z0-9+.\-]{0,30}://|//", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9\-]+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV6 = re.compile(r"\[?[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[^\]]*)?\]?(?::[0-9]*)?", re.IGNORECASE)
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def normalise(text: str, allow_reserved: frozenset[str] = frozenset()) -> Domain:
    """The domain that `text` (a host or an address, as typed or pasted) belongs to.

    `allow_reserved` names reserved suffixes (`"example"`) that are accepted all the same, for samples. A shop below a hosting or market-place
    suffix is its own registrable domain. Raises `InvalidDomain` and nothing else, with a `Reason` as context `reason`.
    """
    if len(text) > MAX_INPUT:
        _refuse(Reason.TOO_LONG)
    address = _address(text)
    host = _ascii_host(address.host)
    labels = host.split(".")
    _refuse_no_website(labels)
    reserved = _is_reserved(labels, allow_reserved)
    suffix, private = _suffix(host)
    # "www" below a hosting suffix is the service's own front door, not a user of that name.
    if host in (suffix, f"www.{suffix}" if private else suffix):
        _refuse(Reason.PRIVATE_SUFFIX if private else Reason.PUBLIC_SUFFIX)
    registrable = f"{labels[-suffix.count('.') - 2]}.{suffix}"
    if _is_marketplace_page(registrable, suffix, host, has_page=address.has_page):
        _refuse(Reason.MARKETPLACE_PAGE)
    shown = [unicode_label(label) for label in registrable.split(".")]
    unlisted = not private and not reserved and _suffix_lists()[0].publicsuffix(host, accept_unknown=False) is None
    # A listed suffix is known to its readers (.укр is no imitation of .ykp); only what somebody chose freely can mislead.
    safe = all(map(is_safe_to_show, shown if unlisted else shown[:1])) and reads_in_order(shown)
    found: dict[Note, bool] = {
        "idn": "xn--" in registrable,
        "private_suffix": private,
        "unlisted_suffix": unlisted,
        "reserved_suffix": reserved,
        "user_info": address.has_user_info,
        "name_in_front": _has_name_in_front(host.removesuffix(registrable)),
        "display_withheld": not safe,
    }
    return Domain(registrable, ".".join(shown) if safe else registrable, host, tuple(note for note, holds in found.items() if holds))


def _is_marketplace_page(registrable: str, suffix: str, host: str, *, has_page: bool) -> bool:
    """Whether the address names a page or a service of a market place, which is neither a shop with a name of its own nor the place's own front door."""
    places = _data()["marketplaces"]
    if suffix in places["shop_suffixes"]:
        return registrable.partition(".")[0] in places["service_names"]
    return registrable in places["shop_paths"] and (has_page or host not in {registrable, f"www.{registrable}", f"m.{registrable}"})


def _has_name_in_front(below: str) -> bool:
    """Whether what stands before the registrable domain looks like a domain itself (`acme.com.evil.cn`)."""
    labels = below.rstrip(".").split(".")
    return any(label in _data()["imitated_suffixes"] and before != "www" for before, label in pairwise(labels))


def note_text(note: Note, lang: Language) -> str:
    """The sentence for a note."""
    sentence: str = _data()["notes"][note][lang]
    return sentence


def _refuse(reason: Reason) -> NoReturn:
    sentences = _data()["reasons"][reason.value]
    raise InvalidDomain(reason=reason.value, reason_zh=sentences["zh"], reason_en=sentences["en"])


@cache
def _data() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 – see module docstring
    from importlib.resources import files  # noqa: PLC0415

    return tomllib.loads(files(__package__).joinpath("domains.toml").read_text("utf-8"))


def _address(text: str) -> _Address:
    """The host part of what was typed, still in its own letters, dots unified and trailing ones removed."""
    around = _SPACES + _data()["wrapping"]
    typed = text.translate(_FULL_WIDTH).replace("\\", "/").strip(around).rstrip(around + ".")
    if typed.lower().startswith("mailto:"):
        _refuse(Reason.EMAIL_ADDRESS)
    scheme = _SCHEME.match(typed)
    rest = typed[scheme.end() :] if scheme else typed
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    page = rest[len(authority) :].lstrip("/")
    user, at, place = authority.rpartition("@")
    if at and not scheme and ":" not in user:
        _refuse(Reason.EMAIL_ADDRESS)
    if _IPV6.fullmatch(place):
        _refuse(Reason.IP_ADDRESS)
    host, _, port = place.strip(_SPACES).partition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        _refuse(Reason.BAD_PORT)
    host = host.rstrip(".")
    if not host:
        _refuse(Reason.EMPTY)
    return _Address(host, bool(page), bool(at))


def _ascii_host(host: str) -> str:
    """`host` in lower-case A-labels, each of them valid."""
    if len(host) > MAX_HOST:
        _refuse(Reason.TOO_LONG)
    if any(unicodedata.category(char) in _UNSEEN_CATEGORIES for char in host):
        _refuse(Reason.INVISIBLE_CHARACTER)
    lower = host.lower() if host.isascii() else _mapped(host)
    labels = [_ascii_label(label) for label in lower.split(".")]
    encoded = ".".join(labels)
    if len(encoded) > MAX_HOST:
        _refuse(Reason.TOO_LONG)
    return encoded


def _mapped(host: str) -> str:
    """`host` after the UTS #46 mapping; a character that the mapping would make disappear is refused, since nobody could see it."""
    import idna  # noqa: PLC0415 – see module docstring

    try:
        if any(map(_vanishes, host)):
            _refuse(Reason.INVISIBLE_CHARACTER)
        return idna.uts46_remap(host, std3_rules=False).rstrip(".")
    except idna.IDNAError:
        _refuse(Reason.BAD_CHARACTER)


@lru_cache(maxsize=4096)
def _vanishes(char: str) -> bool:
    import idna  # noqa: PLC0415 – see module docstring

    return not idna.uts46_remap(char, std3_rules=False)


def _ascii_label(label: str) -> str:
    if not label:
        _refuse(Reason.EMPTY_LABEL)
    if len(label) > MAX_LABEL:
        _refuse(Reason.LABEL_TOO_LONG)
    if label[0] == "-" or label[-1] == "-":
        _refuse(Reason.HYPHEN)
    if label.isascii() and not label.startswith("xn--"):
        if not _LABEL.fullmatch(label):
            _refuse(Reason.BAD_CHARACTER)
        return label
    import idna  # noqa: PLC0415 – see module docstring

    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        _refuse(Reason.LABEL_TOO_LONG if error.code == "label_too_long" else Reason.BAD_CHARACTER)


def _refuse_no_website(labels: list[str]) -> None:
    # Browsers read a name whose last label is a number as an IPv4 address, whatever the notation (WHATWG URL, "ends in a number").
    if _NUMBER.fullmatch(labels[-1]):
        _refuse(Reason.IP_ADDRESS)
    if labels == ["localhost"]:
        _refuse(Reason.LOCALHOST)
    if len(labels) == 1:
        _refuse(Reason.SINGLE_LABEL)


def _is_reserved(labels: list[str], allowed: frozenset[str]) -> bool:
    """Whether the name ends in a reserved suffix that is allowed; refuses it where it is not."""
    if labels[-1] not in _data()["reserved"]["suffixes"]:
        return False
    if labels[-1] not in allowed:
        _refuse(Reason.RESERVED)
    return True


@cache
def _suffix_lists() -> tuple[PublicSuffixList, PublicSuffixList]:
    """The ICANN section, and the private section with our market places; apart, because only then is it known which one a name ends in."""
    from importlib.resources import files  # noqa: PLC0415 – see module docstring

    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415

    whole = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    icann, marker, private = whole.partition("// ===BEGIN PRIVATE DOMAINS===")
    if not marker:
        raise RuntimeError("the bundled public suffix list has no private section")
    own = _data()["marketplaces"]["shop_suffixes"]
    return PublicSuffixList(icann.splitlines()), PublicSuffixList(private.splitlines() + own, accept_unknown=False)


def _suffix(host: str) -> tuple[str, bool]:
    """The longest suffix that `host` ends in, and whether it is a private one."""
    icann, private = _suffix_lists()
    shared = private.publicsuffix(host) or ""
    public = icann.publicsuffix(host) or host
    return (shared, True) if len(shared) > len(public) else (public, False)
