"""Taking credentials, tokens and signed headers out of what is kept or shown.

AWS puts parts of the request into some error messages (a signature that does not match is answered with the signed
headers), and a backend may echo what it was sent. What is known to be secret is taken out by value; what looks like
a secret, by its form.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import boto3

__all__ = ["REDACTED", "redacted", "secrets_in", "secrets_of"]

T = TypeVar("T")

REDACTED = "[redacted]"
_SHORTEST = 8  # characters: anything shorter is no credential, and taking it out would mangle ordinary words

_NAMES = (
    r"(?:aws[_-]?)?secret[_-]?(?:access[_-]?)?key|(?:x-amz-|aws[_-]?)?(?:security|session)[_-]?token|"
    r"x-api-key|api[_-]?key|password|passwd|client[_-]?secret|(?:access|refresh|id)[_-]?token"
)
_IS = r"[\\\"']*\s*[=:]\s*[\\\"']*"  # as in a header, a query, JSON, or JSON in JSON
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        # Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=… (Signature Version 4)
        (r"\bAWS4-HMAC-SHA(?:256|1)\b[^\"'<>]*?\bSignature=[0-9a-f]+", REDACTED),
        (rf"\b((?:X-Amz-)?Signature{_IS})[0-9a-z/+=%]{{16,}}", rf"\1{REDACTED}"),
        (rf"\b((?:X-Amz-)?Credential{_IS})[^\s,&\\\"'<>]{{12,}}", rf"\1{REDACTED}"),
        # Key ids, by the prefixes that AWS gives them ("IAM identifiers", unique ID prefixes)
        (r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}\b", REDACTED),
        (rf"\b((?:{_NAMES}){_IS})[^\s,&\\\"'<>}}]{{4,}}", rf"\1{REDACTED}"),
        (rf"\b((?:(?:proxy-)?authorization|(?:set-)?cookie){_IS})[^\\\"'\r\n<>}}]+", rf"\1{REDACTED}"),
        (r"\b(Bearer)\s+[0-9a-z._~+/-]{16,}=*", rf"\1 {REDACTED}"),
        (r"\beyJ[0-9a-z_-]{8,}\.[0-9a-z_-]{8,}\.[0-9a-z_-]*", REDACTED),  # a JSON Web Token
        (r"(\bEncoded authorization failure message:\s*)\S+", rf"\1{REDACTED}"),
        (r"(\b[a-z][a-z0-9+.-]*://)[^\s/@:]+:[^\s/@]+@", rf"\1{REDACTED}@"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", REDACTED),
    )
)
# Headers whose values are no secret; of any other it is not known.
_HARMLESS = re.compile(r"accept(-\w+)?|content-\w+|host|user-agent|cache-control|origin|referer", re.IGNORECASE)
# What every form above has a part of: most texts have none, and are looked at once.
_MAY_HOLD = re.compile(
    r"aws4-hmac|signature|credential|a[ksbc][ic]a[a-z0-9]{12}|secret|token|api[_-]?key|passw|authorization|cookie|bearer|"
    r"eyj|encoded|://[^/@]*@|private key",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)


def redacted(value: T, secrets: Collection[str] = ()) -> T:
    """The same without what is, or looks like, a secret; in texts, and in lists, mappings and dataclasses of them."""
    return _redacted(value, sorted((text for text in secrets if len(text) >= _SHORTEST), key=len, reverse=True))  # type: ignore[return-value]


def _redacted(value: object, secrets: list[str]) -> object:
    if isinstance(value, str):
        for secret in secrets:
            if secret in value:  # else it stays what it is, such as a member of an enumeration
                value = value.replace(secret, REDACTED)
        if not _MAY_HOLD.search(value):
            return value
        for form, replacement in _FORMS:
            value = form.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {
            _redacted(key, secrets): REDACTED
            if isinstance(key, str) and isinstance(item, str) and item and _SECRET_NAME.fullmatch(key)
            else _redacted(item, secrets)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_redacted(item, secrets) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        before = {item.name: getattr(value, item.name) for item in dataclasses.fields(value) if item.init}
        after = {name: _redacted(item, secrets) for name, item in before.items()}
        return value if after == before else dataclasses.replace(value, **after)
    return value


def secrets_in(headers: Mapping[str, str], session: boto3.Session) -> frozenset[str]:
    """What must not be told of a request that a person sends: the values of its headers, and the session's own."""
    values = [value for name, value in headers.items() if not _HARMLESS.fullmatch(name)]
    return secrets_of(session)() | frozenset(word for value in values for word in (value, *value.split()))


def secrets_of(session: boto3.Session) -> Callable[[], frozenset[str]]:
    """A function that answers every credential this session has had so far.

    It asks each time, because temporary credentials are renewed within a run; a login that has ended is not asked
    again, so that writing a log never waits for one.
    """
    known: set[str] = set()
    ended = False

    def secrets() -> frozenset[str]:
        nonlocal ended
        if not ended:
            try:
                credentials = session.get_credentials()
                if credentials is not None:
                    frozen = credentials.get_frozen_credentials()
                    known.update(text for text in (frozen.access_key, frozen.secret_key, frozen.token) if text)
            except Exception:
                ended = True
        return frozenset(known)

    return secrets
