"""Access tokens: who asks, by a JSON Web Token (RFC 7519) whose signature is checked against a JWKS (RFC 7517), with joserfc.

Claims: `iss` and `aud` as the settings have them, `exp`, `sub`, `ecid:role` (buyer, supplier, consultant), and for all but buyers `ecid:enterprise` (USCC);
`nbf` and `iat` where they are given; `ecid:scopes` as in OAuth (RFC 6749 §3.3), words with spaces between. Whatever is wrong with a token, it is
`not_authorized` and nothing more: whoever tries tokens out is told nothing.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ecid.assistant.caller import Caller
from ecid.errors import InvalidIdentifier, NotAuthorized
from ecid.identity.codes import check_uscc

ALGORITHMS = ("ES256", "RS256")
"""Signatures with a key pair alone: with a shared secret, who knows the public key could sign."""
LONGEST = 8 * 1024
"""Characters of a token: API Gateway hands on headers of 10 KiB in all."""
LEEWAY = 30
"""Seconds that the clocks of issuer and installation may be apart."""
_HEADER = {"alg", "kid", "typ"}
"""What a token's header may say. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, …) are the sender's, and `crit` asks for what is not done here."""
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SCOPES = re.compile(r"[a-z][a-z0-9_:-]{0,63}( [a-z][a-z0-9_:-]{0,63}){0,31}")
_PERSON = 200


@dataclass(frozen=True, slots=True)
class TokenReader:
    """Reads tokens of one issuer for one audience. `keys` gives the JWKS of today, given the key id that is looked for; it raises SourceUnavailable where
    it cannot be had. `clock`: seconds since 1970."""

    issuer: str
    audience: str
    keys: Callable[[str | None], KeySet]
    clock: Callable[[], float]

    def caller(self, token: str) -> Caller:
        """Who shows this token. Raises NotAuthorized, and SourceUnavailable where the keys cannot be had."""
        header = _header(token)
        keys = self.keys(header.get("kid"))
        try:
            # JSON beyond measure (nesting, numbers of many digits) is a ValueError or a RecursionError of Python's parser.
            read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            self._required().validate(read.claims)
        except (JoseError, ValueError, RecursionError, TypeError, KeyError) as fault:
            raise NotAuthorized from fault
        return _caller(read.claims)

    def _required(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self.clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            sub={"essential": True},
        )


def _header(token: str) -> Mapping[str, Any]:
    """The header of a token that is not checked yet, of the few members that are known."""
    if not (len(token) <= LONGEST and _PARTS.fullmatch(token)):
        raise NotAuthorized
    try:
        # joserfc reads it once more; here it is looked at for what it must not hold.
        head = token.partition(".")[0]
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)), object_pairs_hook=_once)
    except (ValueError, RecursionError) as fault:
        raise NotAuthorized from fault
    if not isinstance(header, dict) or not header.keys() <= _HEADER or header.get("alg") not in ALGORITHMS:
        raise NotAuthorized
    if str(header.get("typ", "JWT")).lower() not in _TYPES or not isinstance(header.get("kid", ""), str):
        raise NotAuthorized
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member occurs twice")
    return found


def _caller(claims: Mapping[str, Any]) -> Caller:
    person, role, scopes = claims["sub"], claims.get("ecid:role"), claims.get("ecid:scopes", "")
    enterprise = claims.get("ecid:enterprise")
    if not (isinstance(person, str) and 0 < len(person) <= _PERSON and person.isprintable()):
        raise NotAuthorized
    if role not in ("buyer", "supplier", "consultant") or not isinstance(scopes, str) or not (scopes == "" or _SCOPES.fullmatch(scopes)):
        raise NotAuthorized
    try:
        uscc = None if enterprise is None else check_uscc(enterprise).value
        return Caller(person, role, uscc, frozenset(scopes.split()))
    except (InvalidIdentifier, ValueError, TypeError, AttributeError) as fault:
        raise NotAuthorized from fault


def signed(caller: Caller, keys: KeySet, issuer: str, audience: str, lifetime: tuple[int, int]) -> str:
    """A token for `caller`, signed with the one key of `keys`; `lifetime`: when it begins and ends, seconds since 1970."""
    (key,) = keys.keys
    claims: dict[str, Any] = {"iss": issuer, "aud": audience, "sub": caller.person, "iat": lifetime[0], "nbf": lifetime[0], "exp": lifetime[1]}
    claims |= {"ecid:role": caller.role, "ecid:scopes": " ".join(sorted(caller.scopes))}
    if caller.enterprise is not None:
        claims["ecid:enterprise"] = caller.enterprise
    return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=["ES256"])
