"""The keys that access tokens are checked against: the pair of this machine, in a folder, or the JWKS of whoever signs, at its address."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from ecid.errors import BadInput, NotAuthorized, SourceUnavailable

_FILE = "signing.json"
FRESH = 600.0
"""Seconds that a JWKS is taken for current."""
KEPT = 24 * 3600.0
"""Seconds that it is used when a newer one cannot be had."""
AGAIN = 30.0
"""Seconds between two attempts: tokens with made-up key ids must not become requests to the issuer."""
_MOST = 64 * 1024
_TIMEOUT = 3.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def pair_in(folder: Path) -> KeySet:
    """The key pair of this machine, made where there is none; readable by its owner alone. Raises OSError, and BadInput where the file holds no such key."""
    path = folder / _FILE
    if not path.exists():
        _make(path)
    try:
        key = ECKey.import_key(json.loads(path.read_text("utf-8")))
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise BadInput(detail={"zh": f"{path} 不是签名密钥", "en": f"{path} is not a signing key"}) from fault
    if not key.is_private or key.curve_name != "P-256":
        raise BadInput(detail={"zh": f"{path} 不是签名密钥", "en": f"{path} is not a signing key"})
    return KeySet([key])


def _make(path: Path) -> None:
    """Write a new pair whole or not at all: of two processes that make one at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ECKey.generate_key("P-256", auto_kid=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # which nobody else may read
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(key.as_dict(private=True), file)
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def public_of(keys: KeySet) -> KeySet:
    """The same keys without what signs."""
    return KeySet.import_key_set({"keys": [key.as_dict(private=False) for key in keys.keys]})


def nobodys(_: str | None) -> KeySet:
    """The keys of an installation that has been given none. Raises NotAuthorized."""
    raise NotAuthorized


class Published:
    """The JWKS at an address, asked for when it is needed and kept for ten minutes; asked for again, twice a minute at most, for a key id that it lacks.

    `clock`: seconds, of any origin. Safe to use from several threads. Raises BadInput where the address is neither https nor on this machine.
    """

    def __init__(self, address: str, clock: Callable[[], float]) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise BadInput(detail="ECID_ISSUER_KEYS: https://…")
        self._address, self._clock, self._lock = address, clock, threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = self._tried_at = float("-inf")

    def __call__(self, kid: str | None) -> KeySet:
        """The keys. Raises SourceUnavailable where there are none younger than a day."""
        with self._lock:
            now = self._clock()
            known = self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys.keys))
            if (not known or now - self._read_at > FRESH) and now - self._tried_at > AGAIN:
                self._tried_at = now
                self._renew(now)
            if self._keys is None or now - self._read_at > KEPT:
                raise SourceUnavailable
            return self._keys

    def _renew(self, now: float) -> None:
        try:
            with urllib.request.build_opener(_NoRedirects).open(self._address, timeout=_TIMEOUT) as told:
                text = told.read(_MOST + 1)
            self._keys, self._read_at = _public_keys(text), now
        except (URLError, OSError, ValueError, TypeError, KeyError, JoseError, RecursionError):
            return  # what is kept goes on counting


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The keys come from the address that the operator named, or not at all."""

    def redirect_request(self, *_: object) -> None:
        return None


def _public_keys(text: bytes) -> KeySet:
    """The keys of a JWKS that check the signatures taken here; a shared secret or a key of another kind is none of them. Raises ValueError without any."""
    if len(text) > _MOST:
        raise ValueError("too large for a JWKS")
    given = [key for key in json.loads(text)["keys"] if isinstance(key, dict)]
    keys = [key for key in given if key.get("kty") in ("EC", "RSA") and key.get("use", "sig") == "sig" and "d" not in key]
    if not keys:
        raise ValueError("no key that checks signatures")
    return KeySet.import_key_set({"keys": keys})
