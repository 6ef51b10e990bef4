"""Where an integration without a VPC link may lead: to hosts that the user named, and nowhere else.

Anyone who can change an API of the account chooses its integrations, so they must not reach the user's other services,
or the network that this machine is in. A host is judged by the address that it leads to, however it is written, and
that address is the one that is connected to: it is not resolved again.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass
from typing import Final

from practice import machines

from .errors import GatewayError, Kind, NotPractised

__all__ = ["allow_hosts", "exclude_port", "judge", "parse_host"]

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOOPBACKS: Final[frozenset[_Ip]] = frozenset({ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")})
# Decimal, octal and hexadecimal, of one to four parts, as the system's own resolver takes them.
_NUMBERS: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_resolving = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A host that the user named: its name or address, and its port if one was given."""

    name: str
    port: int | None
    addresses: frozenset[_Ip]
    """What it led to when the account began. A name that leads to another address of this machine or a private
    network later (DNS rebinding) is not followed there."""


_allowed: tuple[_Allowed, ...] = ()
_own_port: int | None = None


def allow_hosts(hosts: Iterable[str]) -> None:
    """Let integrations lead to these hosts, and to no others. Raise ValueError for what is not HOST or HOST:PORT."""
    global _allowed
    parsed = [parse_host(host) for host in hosts]
    _allowed = tuple(_Allowed(name, port, frozenset(_resolved(name, None))) for name, port in parsed)


def exclude_port(port: int | None) -> None:
    """Let no integration lead to this port of this machine: the account's own, which trusts its clients."""
    global _own_port
    _own_port = port


def parse_host(text: str) -> tuple[str, int | None]:
    """Host and port of `HOST[:PORT]`; an IPv6 address with a port is in brackets. Raise ValueError for the rest."""
    found = re.fullmatch(r"\[([^\[\]]+)\](?::(\d+))?|([^\[\]:]+)(?::(\d+))?|([0-9A-Fa-f:.]+)", text.strip())
    host, port = (found[1] or found[3] or found[5], found[2] or found[4]) if found else (None, None)
    name = _normalised(host) if host else None
    address = _literal(name) if name else None
    if name is None or (address is None and not _NAME.fullmatch(name)):
        raise ValueError(f"{text!r} is not a host such as example.com, 127.0.0.1:3000 or [::1]:3000")
    if address is not None and (address.is_unspecified or address.is_multicast):
        raise ValueError(f"{text!r} is not the address of one host")
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535")
    return name, int(port) if port else None


def judge(host: str, port: int, deadline: float) -> list[tuple[str, int]]:
    """The addresses to connect to for a host; none when a named host has none. NotPractised when it is not named.

    A name that is not one of those named is not even resolved. The deadline is that of `time.monotonic`.
    """
    allowed = [each for each in (*_allowed, *_stand_in()) if each.port in (None, port)]
    named = {each.name for each in allowed}
    name = _normalised(host)
    if name is not None and (name in named or _literal(name) is not None or _is_localhost(name)):
        addresses = _resolved(name, deadline)
        if name in named and not addresses:
            return []
        pinned = frozenset().union(*(each.addresses for each in allowed))
        right = [each for each in addresses if each in pinned or (name in named and _is_public(each))]
        if port == _own_port:
            right = [each for each in right if not _is_this_machine(each)]
        if right:
            return [(str(each), port) for each in right]
    raise NotPractised(
        "the practice account sends requests to its own machines (through a VPC link) and to hosts named with "
        f"--allow-host or --backend, and {host}:{port} is not one of them"
    )


def _stand_in() -> list[_Allowed]:
    """What `--backend` names."""
    stand_in = machines.stand_in()
    if stand_in is None:
        return []
    name = _normalised(stand_in[0]) or stand_in[0]
    return [_Allowed(name, stand_in[1], frozenset(_resolved(name, None)))]


def _normalised(host: str) -> str | None:
    """A host as every resolver reads it: without its case, a dot at its end, or characters beyond ASCII."""
    if ":" in host:
        return host.lower()
    try:
        return host.removesuffix(".").encode("idna").decode("ascii").lower() or None
    except UnicodeError:
        return None


def _literal(name: str) -> _Ip | None:
    """The address that a host is written as, if it is one. One with a zone is none: it depends on the interface."""
    if _NUMBERS.fullmatch(name):
        with contextlib.suppress(OSError):
            return ipaddress.IPv4Address(socket.inet_aton(name))
        return None
    if "%" in name:
        return None
    try:
        return _canonical(ipaddress.ip_address(name))
    except ValueError:
        return None


def _canonical(address: _Ip) -> _Ip:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_localhost(name: str) -> bool:
    """RFC 6761, 6.3: these names are the loopback's, whatever a resolver answers."""
    return name == "localhost" or name.endswith(".localhost")


def _is_public(address: _Ip) -> bool:
    """Whether it is an address of the internet, and hides no other one (6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour or address.teredo or address in ipaddress.IPv6Network("64:ff9b::/96")
    ):
        return False
    return address.is_global and not address.is_multicast


def _is_this_machine(address: _Ip) -> bool:
    """Whether the account itself may listen there. An address that can be bound to is this machine's."""
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


def _resolved(name: str, deadline: float | None) -> list[_Ip]:
    """The addresses of a name; none when it has none."""
    literal = _literal(name)
    if literal is not None:
        return [literal]
    if _is_localhost(name):
        return sorted(_LOOPBACKS, key=lambda address: address.version)
    asked: Future[list[_Ip]] = _resolving.submit(_ask, name)
    try:
        return asked.result(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except WaitedTooLong:
        raise GatewayError(Kind.TIMEOUT, log="Execution failed due to a timeout error") from None


def _ask(name: str) -> list[_Ip]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    # A zone is the interface's business, and no such address is judged public.
    addresses = [_canonical(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])) for *_, sockaddr in found]
    return list(dict.fromkeys(addresses))
