"""Access tokens: what opens, and everything that must not."""

from __future__ import annotations

import base64
import hmac
import json
import multiprocessing
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from ecid.adapters import signing_keys
from ecid.adapters.signing_keys import Published, pair_in, public_of
from ecid.adapters.tokens import LONGEST, TokenReader, signed
from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform, Platform
from ecid.errors import BadInput, NotAuthorized, SourceUnavailable
from ecid.settings import Settings
from tests.adapters.issuer import issuing

NOW = 1_795_000_000
ISSUER, AUDIENCE = "https://issuer.example", "ecid"
CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "tokens.yaml").read_text("utf-8"))
KEY = ECKey.generate_key("P-256", auto_kid=True)
OTHER = ECKey.generate_key("P-256", auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)
KEYS = public_of(KeySet([KEY]))


def reader(keys: KeySet = KEYS) -> TokenReader:
    return TokenReader(ISSUER, AUDIENCE, lambda _: keys, lambda: NOW)


def claims(changed: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a good supplier's token, some of them changed; None leaves one out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-1", "exp": NOW + 60, "ecid:role": "supplier", "ecid:enterprise": CASES["uscc"], "ecid:scopes": "ledger"}
    return {name: value for name, value in (good | dict(changed)).items() if value is not None}


def token(changed: Mapping[str, Any] | None = None, header: Mapping[str, Any] | None = None, key: Any = KEY) -> str:
    """A signed token; `header` on top of the usual one."""
    head = {"alg": "ES256", "kid": key.kid, **(header or {})}
    return jwt.encode(head, claims(changed or {}), key, algorithms=[head["alg"]])


def raw(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature))


@pytest.mark.parametrize("case", CASES["taken"], ids=lambda case: case["name"])
def test_a_good_token_says_who_asks(case: Mapping[str, Any]) -> None:
    found = reader().caller(token(case["claims"]))
    assert (found.person, found.role, found.enterprise, found.scopes) == ("u-1", case["role"], case.get("enterprise"), frozenset(case.get("scopes", ())))


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_a_token_of_which_anything_is_wrong_opens_nothing(case: Mapping[str, Any]) -> None:
    changed = {name: NOW + value["now"] if isinstance(value, dict) and "now" in value else value for name, value in case["claims"].items()}
    with pytest.raises(NotAuthorized):
        reader().caller(token(changed))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_token_that_never_ends_is_none(number: str) -> None:
    text = json.dumps(claims({"exp": 0})).replace('"exp": 0', f'"exp": {number}')
    assert number in text
    with pytest.raises(NotAuthorized):
        reader().caller(jws.serialize_compact({"alg": "ES256", "kid": KEY.kid}, text.encode(), KEY, algorithms=["ES256"]))


def with_secret(secret: bytes) -> str:
    """A token signed as if what everybody may know were a shared secret."""
    head = raw({"alg": "HS256", "kid": KEY.kid}, claims({})).removesuffix(".")
    mac = hmac.digest(secret, head.encode(), "sha256")
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


PUBLIC_PEM = KEY.as_pem(private=False)
FORGED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "secret",
    "two parts": lambda: "e30.e30",
    "not base64": lambda: "a.b.!",
    "not ASCII": lambda: "é.é.é",
    "header is a list": lambda: raw([], claims({})),
    "header is no JSON": lambda: raw(b"{", claims({})),
    "header nested deep": lambda: raw(b"[" * 4000, claims({})),
    "header says alg twice": lambda: raw(b'{"alg":"ES256","alg":"none"}', claims({})),
    "alg none": lambda: raw({"alg": "none"}, claims({})),
    "alg None": lambda: raw({"alg": "None"}, claims({})),
    "alg missing": lambda: raw({"kid": KEY.kid}, claims({})),
    "alg a list": lambda: raw({"alg": ["ES256"]}, claims({})),
    "no signature": lambda: raw({"alg": "ES256", "kid": KEY.kid}, claims({}), b"\0" * 64),
    "signature of another": lambda: token(key=OTHER, header={"kid": KEY.kid}),
    "key of another": lambda: token(key=OTHER),
    "HS256 with the public key": lambda: with_secret(PUBLIC_PEM),
    "HS256 with the public key as JSON": lambda: with_secret(json.dumps(KEY.as_dict(private=False)).encode()),
    "RS256 with a key of another": lambda: token(key=RSA, header={"alg": "RS256", "kid": KEY.kid}),
    "its own key in the header": lambda: token(key=OTHER, header={"jwk": OTHER.as_dict(private=False)}),
    "address of keys in the header": lambda: token(header={"jku": "https://elsewhere.example/keys"}),
    "critical extension": lambda: raw({"alg": "ES256", "kid": KEY.kid, "crit": ["b64"], "b64": False}, claims({})),
    "another type": lambda: token(header={"typ": "secevent+jwt"}),
    "kid a number": lambda: raw({"alg": "ES256", "kid": 1}, claims({})),
    "claims a list": lambda: raw({"alg": "ES256", "kid": KEY.kid}, [], b"\0" * 64),
    "changed after signing": lambda: ".".join([*token().split(".")[:1], raw({}, claims({"sub": "u-2"})).split(".")[1], token().split(".")[2]]),
    "100 KB": lambda: token({"x": "a" * 100_000}),
    "just too long": lambda: "a" * LONGEST + ".a.a",
    "trailing break": lambda: token() + "\n",
    "encrypted": lambda: raw({"alg": "dir", "enc": "A256GCM"}, {}) + ".a.a",
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_what_is_forged_or_broken_opens_nothing_and_is_told_nothing(name: str) -> None:
    forged = FORGED[name]()
    with pytest.raises(NotAuthorized) as refused:
        reader().caller(forged)
    assert refused.value.context == {}


def test_an_issuer_may_sign_with_rsa() -> None:
    assert reader(public_of(KeySet([KEY, RSA]))).caller(token(key=RSA, header={"alg": "RS256"})).person == "u-1"


def test_a_shared_secret_in_a_key_set_signs_nothing() -> None:
    secret = OctKey.generate_key(256, auto_kid=True)
    with pytest.raises(NotAuthorized):
        reader(KeySet([secret])).caller(token(key=secret, header={"alg": "HS256"}))


@pytest.mark.parametrize(
    "caller",
    [Caller.buyer("b"), Caller.supplier("s", CASES["uscc"]), Caller.consultant("c", CASES["uscc"], ["ledger", "drafts:write"])],
    ids=lambda one: one.role,
)
def test_what_this_machine_signs_it_reads_again(caller: Caller, tmp_path: Path) -> None:
    local = LocalPlatform(Settings(home=tmp_path))
    shown = local.token(caller, 5)
    assert local.callers.caller(shown) == caller
    assert Platform(Settings(home=tmp_path)).settings.issuer_keys == ""
    with pytest.raises(NotAuthorized):
        Platform(Settings(home=tmp_path)).callers.caller(shown)
    elsewhere = LocalPlatform(Settings(home=tmp_path / "elsewhere"))
    with pytest.raises(NotAuthorized):
        elsewhere.callers.caller(shown)


def test_a_token_ends(tmp_path: Path) -> None:
    keys = pair_in(tmp_path)
    read = TokenReader("i", "a", lambda _: public_of(keys), lambda: NOW)
    assert read.caller(signed(Caller.buyer("b"), keys, "i", "a", (NOW - 60, NOW + 1))).person == "b"
    for lifetime in ((NOW - 600, NOW - 60), (NOW + 60, NOW + 600)):
        with pytest.raises(NotAuthorized):
            read.caller(signed(Caller.buyer("b"), keys, "i", "a", lifetime))


def test_who_relies_on_an_issuer_signs_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        LocalPlatform(Settings(home=tmp_path, issuer_keys="https://issuer.example/keys")).token(Caller.buyer("b"), 5)


def test_the_pair_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "keys"
    pair_in(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kty":"oct","k":"AAAA"}', json.dumps(KEY.as_dict(private=False))])
def test_a_file_that_is_no_pair_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "signing.json").write_text(text)
    with pytest.raises(BadInput, match=r"signing\.json is not a signing key"):
        pair_in(tmp_path)


def _kid(folder: str) -> str:
    return str(pair_in(Path(folder)).keys[0].kid)


def test_processes_that_begin_at_once_share_one_pair(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_kid, [str(tmp_path)] * 8))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["signing.json"]


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key if isinstance(key, dict) else key.as_dict(private=False) for key in keys]}).encode()


def test_keys_are_asked_for_once_and_again_when_they_are_old_or_lack_one() -> None:
    clock = Clock()
    with issuing([jwks(KEY), jwks(KEY, OTHER)]) as (address, asked):
        keys = Published(address, clock)
        assert len(keys(KEY.kid).keys) == 1
        assert len(keys(KEY.kid).keys) == 1
        assert len(asked) == 1
        keys("made up")
        assert len(asked) == 1, "twice a minute at most"
        clock.now += signing_keys.AGAIN + 1
        assert len(keys(OTHER.kid).keys) == 2
        assert len(asked) == 2
        clock.now += signing_keys.FRESH + 1
        keys(KEY.kid)
        assert len(asked) == 3


def test_while_an_issuer_is_silent_its_last_keys_count_for_a_day() -> None:
    clock = Clock()
    with issuing([jwks(KEY), b""]) as (address, _):
        keys = Published(address, clock)
        keys(KEY.kid)
        clock.now += signing_keys.KEPT - 1
        assert keys(KEY.kid).keys[0].kid == KEY.kid
        clock.now += 2
        with pytest.raises(SourceUnavailable):
            keys(KEY.kid)


BAD_SETS = [
    b"",
    b"[]",
    b"{}",
    b"nonsense",
    b'{"keys": []}',
    b'{"keys": [1]}',
    b'{"keys": [{"kty": "EC", "crv": "P-256"}]}',
    jwks(OctKey.import_key("secret-of-everybody").as_dict(private=True)),
    jwks(KEY.as_dict(private=True)),
    jwks({**KEY.as_dict(private=False), "use": "enc"}),
    b'{"keys": [' + b" " * 70_000 + b"]}",
]


@pytest.mark.parametrize("body", BAD_SETS, ids=range(len(BAD_SETS)))
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_key_set_that_is_none_lets_nobody_in_and_blames_nobody(body: bytes) -> None:
    with issuing([body]) as (address, _):
        read = TokenReader(ISSUER, AUDIENCE, Published(address, Clock()), lambda: NOW)
        with pytest.raises(SourceUnavailable):
            read.caller(token())


def test_tokens_of_an_issuer_open_through_its_published_keys() -> None:
    with issuing([jwks(KEY, RSA)]) as (address, asked):
        platform = Platform(Settings(issuer=ISSUER, issuer_keys=address))
        late = {"exp": 4_000_000_000}
        assert platform.callers.caller(token(late)).enterprise == CASES["uscc"]
        assert platform.callers.caller(token(late, key=RSA, header={"alg": "RS256"})).role == "supplier"
        assert asked == ["/keys"]


@pytest.mark.parametrize("address", ["http://issuer.example/keys", "ftp://127.0.0.1/keys", "/etc/passwd", "file:///etc/passwd", "issuer.example"])
def test_keys_come_over_tls_or_from_this_machine(address: str) -> None:
    with pytest.raises(BadInput, match="ECID_ISSUER_KEYS"):
        Published(address, Clock())
