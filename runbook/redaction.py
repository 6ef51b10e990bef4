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

# How a name is written apart from its value: JSON, JSON in JSON, a header, YAML, ini, a shell, a query, percent-encoded
# once or more, HTML, a list of pairs, a list of names and values, XML.
# Everything here has a bound: texts that are looked at may be anybody's, and must not take long.
_QUOTE = r"(?:\\{0,8}[\"']|&quot;|&\#3[49];|&apos;|%(?:25){0,3}2[27]|\\{1,8}u002[27])"
_SPACE = r"(?:\s|\\{1,8}[nrt]|%(?:25){0,3}20){0,30}"
_IS = (
    rf"(?:{_QUOTE}?{_SPACE}(?:=>|:=|[=:]|%(?:25){{0,3}}3[AD]|&\#(?:58|61);){_SPACE}[\[(]?{_SPACE}"
    rf"|{_QUOTE}?{_SPACE},?{_SPACE}{_QUOTE}?\bvalue{_QUOTE}?{_SPACE}[=:]{_SPACE}"
    rf"|{_QUOTE}{_SPACE},{_SPACE}(?={_QUOTE})"
    rf"|(?:\s[^<>]{{0,200}})?>{_SPACE}|&gt;{_SPACE}|</\w{{1,40}}>{_SPACE}<\w{{1,40}}>{_SPACE})"
)
# A value in quotes ends where they do, or where the text was cut.
_QUOTED = (
    r"\"(?:\\.|[^\"\\])+|'(?:\\.|[^'\\])+"
    r"|(?P<quote>\\{1,8}[\"']|&quot;|&\#3[49];|&apos;|%(?:25){0,3}2[27]|\\{1,8}u002[27])(?:(?!(?P=quote)).)+"
)
_CHARACTER = r"(?:(?!%(?:25){0,3}(?:2[267C]|3[CE]|0[AD]))[^\s,;&\\\"'<>{}\[\]()])"
_NAMES = (
    r"secret[_-]?(?:access[_-]?)?key|secret[_-]?string|(?:client|app|shared|consumer|webhook)[_-]?secret|"
    r"(?:security|session|access|refresh|(?<![a-z])id|identity|auth(?:orization)?|bearer|metadata|api|csrf|xsrf)"
    r"[_-]?token|api[_-]?key(?:[_-]?value)?|pass(?:word|wd|phrase)|\bpwd|private[_-]?key"
)
_IN_WORDS = r"secret access key|secret key|(?:session|security) token|\[None\]"
_NO_TOKENS = r"(?<!next)(?<!next[_-])(?<!client)(?<!client[_-])(?<!continuation)(?<!continuation[_-])(?<!request[_-])"
_HEADERS = r"(?:(?:proxy-)?authorization|(?:set-)?cookie)"
_DIGEST = r"Digest\s(?:\s*\w+=(?:\"[^\"]*\"|[^,\s]+),?)+"
_LINE = r"[^\\\"'\r\n<>}]+"
_AUTHORIZERS = r"(?:NONE|AWS_IAM|CUSTOM|COGNITO_USER_POOLS|JWT)\b"  # methods of API Gateway, and no values of a header
_BESIDE = r"[\s,;:|\"']{1,30}"
# Where a percent sequence or an escape is before it, its last letter is none of the word's.
_APART = r"(?:(?<![0-9a-z])|(?<=%[0-9a-f]{2})|(?<=%25[0-9a-f]{2})|(?<=\\u00[0-9a-f]{2}))"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        # Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=… (Signature Version 4, and 4A)
        (r"\bAWS4-(?:HMAC-SHA(?:256|1)|ECDSA-P256-SHA256)\b[^\"'<>]{0,500}?\bSignature=[0-9a-f]+", REDACTED),
        (rf"((?:X-Amz-)?Signature{_IS})[\"']?[0-9a-z/+=%~_-]{{16,}}", rf"\1{REDACTED}"),
        (rf"((?:X-Amz-)?Credential{_IS})[\"']?{_CHARACTER}{{12,}}", rf"\1{REDACTED}"),
        # Temporary credentials' tokens, by what all of them begin with
        (rf"{_APART}(?:IQoJb3Jp|FwoGZXIv|FQoGZXIv|AQoDYXdz|AQoEXAMPLE)[0-9a-z/+=%_-]{{16,}}", REDACTED),
        # In XML a value may be broken over lines
        (
            rf"(<(?:\w{{1,40}}:)?[\w-]{{0,60}}?(?:{_NAMES})(?:\s[^<>]{{0,200}})?>)(?:<!\[CDATA\[)?[^<]+",
            rf"\1{REDACTED}",
        ),
        (r"(<(?:\w{1,40}:)?token>)[^<]{16,}", rf"\1{REDACTED}"),
        (rf"((?:{_NAMES}){_IS})(?:{_QUOTED}|{_CHARACTER}{{4,}})", rf"\1{REDACTED}"),
        (rf"((?:{_IN_WORDS}){_IS})(?:{_QUOTED}|{_CHARACTER}{{16,}})", rf"\1{REDACTED}"),
        (rf"({_NO_TOKENS}token{_IS}{_QUOTE}?)(?!arn:){_CHARACTER}{{16,}}", rf"\1{REDACTED}"),
        (rf"({_HEADERS}{_IS})(?!{_SPACE}{_QUOTE}?{_AUTHORIZERS})(?:{_QUOTED}|{_DIGEST}|{_LINE})", rf"\1{REDACTED}"),
        (r"\b(Bearer)(?:\s|%20)+[0-9a-z._~+/%-]{16,}=*", rf"\1 {REDACTED}"),
        (r"\b(Basic)(?:\s|%20)+(?=[a-z+/%]*[0-9=])[0-9a-z+/%]{8,}=*", rf"\1 {REDACTED}"),
        (rf"{_APART}eyJ[0-9a-z_-]{{8,}}(?:\.[0-9a-z_-]*){{1,4}}", REDACTED),  # a JSON Web Token
        (r"(\bEncoded authorization failure message:\s*)\S+", rf"\1{REDACTED}"),
        (r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@:]*:[^\s/@]+@", rf"\1{REDACTED}@"),
        (r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s/@:]{20,}@", rf"\1{REDACTED}@"),
        (r"((?:^|\s)(?:-u|--user)[\s=]+[\"']?)(?!\d+:\d+\b)[^\s:\"']+:[^\s\"']+", rf"\1{REDACTED}"),  # of curl
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", REDACTED),
        # Key ids, by the prefixes that AWS gives them ("IAM identifiers", unique ID prefixes); in a table of keys the
        # secret is beside them. The prefixes are capitals: "asia" begins other words.
        (
            rf"{_APART}(?-i:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{12,}})(?:{_BESIDE}[0-9a-z/+]{{40}}(?![0-9a-z/+=]))?",
            REDACTED,
        ),
    )
)
# Headers whose values are no secret; of any other it is not known.
_HARMLESS = re.compile(r"accept(-\w+)?|content-\w+|host|user-agent|cache-control|origin|referer", re.IGNORECASE)
# What every form above has a part of: most texts have none, and are looked at once.
_MAY_HOLD = re.compile(
    r"aws4-|signature|credential|a[ksbc][ic]a[a-z0-9]{12}|secret|token|api[_-]?key|pass(?:w|phr)|pwd|private[_-]?key|"
    r"authorization|cookie|bearer|basic|eyj|encoded|://[^/@]*@|private key|-u|IQoJb3|FwoGZX|FQoGZX|AQoD|AQoE|\[None\]",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(rf"(?:[\w-]*(?:{_NAMES})|token)", re.IGNORECASE)


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
