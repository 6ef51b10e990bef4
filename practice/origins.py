"""Which requests may reach the account: by the name they call it by, and not from a web page.

A page of any origin can send requests to the loopback. What it cannot do is leave out what its browser adds, and make
the browser send a Host that is not the page's own. So: no browser's mark, and one of the account's own names. The
invoke URL is the exception, since browsers are what it is for; there only the name is looked at.

D: Fetch standard ("Origin", "Sec-Fetch-*" of Fetch Metadata, forbidden request headers: no script can set a header
whose name begins with `Sec-`); RFC 6761 for `localhost` and names under it.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

import botocore.session

from practice.operations import ALLOWED

__all__ = ["Names", "browser_mark", "is_execute_api", "without_port"]

_MARKS: Final = frozenset({"origin", "referer", "accept-language"})
"""Beside `Sec-*`. Every browser sends Accept-Language, also where it sends no other mark (an address that is neither
HTTPS nor the loopback, a page without a referrer); the AWS CLI, the SDKs, Terraform and curl never do."""

_ENDPOINTS: Final = frozenset(service.signing_name for service in ALLOWED)
_PORT: Final = re.compile(r":[0-9]*$")
_EXECUTE_API: Final = re.compile(r"[a-z0-9-]+\.execute-api\.(.+)")


def browser_mark(headers: Iterable[tuple[str, str]]) -> str | None:
    """The first header that only a browser sends; None when there is none."""
    for name, _ in headers:
        low = name.lower()
        if low in _MARKS or low.startswith("sec-"):
            return name
    return None


def without_port(host: str) -> str:
    """The name in a Host header, in lower case."""
    return _PORT.sub("", host).lower().removesuffix(".")


def is_execute_api(name: str) -> bool:
    """Whether this is the host name of an API's invoke URL: `API.execute-api.REGION.amazonaws.com`."""
    found = _EXECUTE_API.fullmatch(name)
    return found is not None and (found[1] == "localhost" or _region_and_suffix(found[1]))


class Names:
    """The names that an account answers to, whatever the port: a proxy or a container may have given it another."""

    def __init__(self, bound: str) -> None:
        """`bound` is the address that the account listens on."""
        self._others = not _is_loopback(bound)
        """Whether it is reached from elsewhere, by the user's wish."""
        self._own = frozenset({"localhost", bound.lower(), *([socket.gethostname().lower()] if self._others else [])})

    def include(self, host: str) -> bool:
        """Whether a Host header names this account."""
        name = without_port(host)
        return name in self._own or self._is_own_address(name) or is_execute_api(name) or _is_aws_endpoint(name)

    def _is_own_address(self, name: str) -> bool:
        """No name that somebody else decides on leads to an address that is written as one."""
        text = name[1:-1] if name.startswith("[") and name.endswith("]") else name
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return (address.version == 6) == (text != name) and (self._others or _is_loopback(text))


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_aws_endpoint(name: str) -> bool:
    """Whether this is an endpoint of a service that the account has: a client behind a proxy calls it so."""
    prefix, _, rest = name.partition(".")
    return prefix.removesuffix("-fips") in _ENDPOINTS and (rest in _suffixes() or _region_and_suffix(rest))


def _region_and_suffix(text: str) -> bool:
    region, _, suffix = text.partition(".")
    return suffix in _suffixes() and bool(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", region))


@functools.cache
def _suffixes() -> frozenset[str]:
    """The DNS suffixes of all partitions, of dual-stack endpoints too."""
    data = botocore.session.Session().get_component("data_loader").load_data("partitions")
    return frozenset(
        partition["outputs"][kind] for partition in data["partitions"] for kind in ("dnsSuffix", "dualStackDnsSuffix")
    )
