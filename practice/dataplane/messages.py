"""A request as it came in and an answer as it goes out: nothing in them is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

__all__ = ["Headers", "Request", "Response", "decoded_query", "raw_query"]


class Headers:
    """Header fields in order, with their case and their repetitions; looked up without regard to case."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = list(fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def all(self, name: str) -> list[str]:
        """Every value of the name."""
        wanted = name.lower()
        return [value for key, value in self._fields if key.lower() == wanted]

    def get(self, name: str) -> str | None:
        """The last value of the name."""
        values = self.all(name)
        return values[-1] if values else None

    def exactly(self, name: str) -> list[str]:
        """Every value of the name spelled just so: AWS's mappings are case-sensitive."""
        return [value for key, value in self._fields if key == name]

    def add(self, name: str, value: str) -> None:
        """Append a field."""
        self._fields.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Put one value in the place of all."""
        self.remove(name)
        self._fields.append((name, value))

    def default(self, name: str, value: str) -> None:
        """Add the field when it is not there."""
        if name not in self:
            self._fields.append((name, value))

    def remove(self, *names: str) -> None:
        """Take every field of these names out."""
        gone = {name.lower() for name in names}
        self._fields = [(key, value) for key, value in self._fields if key.lower() not in gone]

    def copy(self) -> Headers:
        """The same fields, to be changed apart."""
        return Headers(self._fields)

    def joined(self) -> dict[str, str]:
        """One entry a name, repeated values joined by commas."""
        result: dict[str, str] = {}
        for key, value in self._fields:
            result[key] = f"{result[key]},{value}" if key in result else value
        return result


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of a stage. `path` starts at the stage's root; `query` has no question mark."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    target: str = ""
    """The request target on the wire, stage and all: what a signature covers."""
    protocol: str = "HTTP/1.1"


@dataclass(slots=True)
class Response:
    """An answer. Its headers hold neither Content-Length nor anything else that belongs to the connection."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


def raw_query(query: str) -> list[tuple[str, str]]:
    """The fields of a query string as they stand, undecoded; a field without `=` has an empty value."""
    fields = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            fields.append((name, value))
    return fields


def decoded_query(query: str) -> Mapping[str, list[str]]:
    """The values of each name, decoded, in order."""
    result: dict[str, list[str]] = {}
    for name, value in raw_query(query):
        result.setdefault(unquote(name.replace("+", " ")), []).append(unquote(value.replace("+", " ")))
    return result
