"""Who a control-plane request says it is from: its credentials, in the header or in the query (presigned).

Any static credentials are accepted, and no signature is checked: the account has no real login. But whatever judges or
carries out a request must see one caller, one region and one service. So every request gets one Authorization header,
made of what is read here, and nothing behind this module looks anywhere else.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

__all__ = ["Scope", "scope_of", "with_header"]

_HEADER: Final = re.compile(r"AWS4-HMAC-SHA256\s.*?\bCredential=([^,\s]+)")
_CREDENTIAL: Final = re.compile(r"([^/,\s]+)/(\d+)/([a-z0-9-]+)/([a-z0-9._-]+)/aws4_request", re.IGNORECASE)


class Scope(NamedTuple):
    """What a request's credentials are for."""

    region: str
    service: str
    """The signing name, in lower case."""


def scope_of(environ: dict[str, Any]) -> Scope | None:
    """The scope of a request that :func:`with_header` has put in order; None when it is not signed."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return Scope(found[3], found[4].lower()) if found else None


def with_header(environ: dict[str, Any]) -> dict[str, Any]:
    """The request with its credentials in the headers and nowhere else."""
    query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    presigned = {name: value for name, value in query if name.startswith("X-Amz-")}
    environ = dict(environ)
    header = environ.pop("HTTP_AUTHORIZATION", None)
    # A header goes before what the query says.
    if header is not None:
        named = _HEADER.match(header)
        text = named[1] if named else ""
    else:
        text = presigned.get("X-Amz-Credential", "")
        environ.pop("HTTP_X_AMZ_SECURITY_TOKEN", None)
        if "X-Amz-Security-Token" in presigned:
            environ["HTTP_X_AMZ_SECURITY_TOKEN"] = presigned["X-Amz-Security-Token"]
    if credential := _CREDENTIAL.fullmatch(text):
        environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={credential[0]}, SignedHeaders=host, Signature=0"
    if presigned:
        rest = urlencode([(name, value) for name, value in query if name not in presigned])
        target = environ["REQUEST_URI"].partition("?")[0]
        environ["QUERY_STRING"] = rest
        environ["REQUEST_URI"] = environ["RAW_URI"] = f"{target}?{rest}" if rest else target
    return environ
