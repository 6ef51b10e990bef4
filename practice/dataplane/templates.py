"""Mapping templates, as far as the practice account goes: references, no directives.

API Gateway's templates are Velocity's. What CORS answers, mock answers and gateway responses hold is mostly text with
references (`$context.requestId`, `$input.params('id')`); those are evaluated. A template with directives
(`#set`, `#if`, `#foreach`…) raises NotPractised rather than come out wrong.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from .errors import NotPractised
from .mapping import Sources

__all__ = ["render"]

_DIRECTIVE: Final = re.compile(r"#\{?(set|if|elseif|else|end|foreach|macro|define|stop|break|parse|include|evaluate)\b")
_COMMENT: Final = re.compile(r"##[^\n]*\n?|#\*.*?\*#", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_INDEX: Final = re.compile(r"\[\s*(?:['\"]([^'\"]*)['\"]|(\d+))\s*\]")
_STRING: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def render(template: str, sources: Sources, body: bytes) -> str:
    """Evaluate a template. `body` is what `$input` reads; a reference to nothing comes out as AWS's empty text."""
    text = _COMMENT.sub("", template)
    if _DIRECTIVE.search(text):
        raise NotPractised("the practice account evaluates references in mapping templates, but no directives")
    scope = _Scope(sources, body)
    out, position = [], 0
    while (start := text.find("$", position)) >= 0:
        out.append(text[position:start])
        value, position = scope.reference(text, start)
        out.append(value)
    out.append(text[position:])
    return "".join(out)


class _Scope:
    """`$input`, `$context`, `$stageVariables` and `$util` for one evaluation."""

    def __init__(self, sources: Sources, body: bytes) -> None:
        self.sources = sources
        self.body = body.decode("utf-8", "replace")

    def reference(self, text: str, start: int) -> tuple[str, int]:
        """The text of the reference at `start` (a dollar sign) and where it ends."""
        position = start + 1
        quiet = text.startswith("!", position)
        position += quiet
        braced = text.startswith("{", position)
        position += braced
        found = _NAME.match(text, position)
        if found is None or found[0] not in {"input", "context", "stageVariables", "util"}:
            # Velocity leaves a reference to an unknown variable as it stands.
            return text[start : start + 1], start + 1
        value, position = self._value(found[0], text, found.end())
        if braced:
            if not text.startswith("}", position):
                raise NotPractised("a mapping template's reference is not closed")
            position += 1
        return _shown(value), position

    def _value(self, root: str, text: str, position: int) -> tuple[Any, int]:
        name, arguments, position = self._step(text, position)
        if arguments is not None:
            value = self._call(root, str(name), arguments)
        elif root == "input":
            value = self.body if name == "body" else None
        else:
            value = {"context": self.sources.context, "stageVariables": self.sources.stage_variables}.get(root)
            value = _member(value, name) if name is not None else None
        while name is not None:
            name, arguments, position = self._step(text, position)
            if arguments is not None:
                value = self._method(value, str(name), arguments)
            elif name is not None:
                value = _member(value, name)
        return value, position

    def _step(self, text: str, position: int) -> tuple[str | None, list[Any] | None, int]:
        """What follows: a member's name (`.name`, `['name']`) or a method's with its arguments; None for neither."""
        if found := _INDEX.match(text, position):
            return found[1] or found[2], None, found.end()
        if not text.startswith(".", position) or not (found := _NAME.match(text, position + 1)):
            return None, None, position
        if not text.startswith("(", found.end()):
            return found[0], None, found.end()
        arguments, end = self._arguments(text, found.end() + 1)
        return found[0], arguments, end

    @staticmethod
    def _method(value: Any, name: str, arguments: list[Any]) -> Any:
        """A method of a map or a list, which are Java's."""
        match name, arguments:
            case "get", [key]:
                return _member(value, str(key))
            case "size", [] if isinstance(value, Mapping | list):
                return len(value)
        raise NotPractised(f"the practice account does not know the method {name} in mapping templates")

    def _arguments(self, text: str, position: int) -> tuple[list[Any], int]:
        arguments: list[Any] = []
        while True:
            while position < len(text) and text[position] in " \t\r\n,":
                position += 1
            if text.startswith(")", position):
                return arguments, position + 1
            if found := _STRING.match(text, position):
                arguments.append(found[1] if found[1] is not None else found[2])
                position = found.end()
            elif text.startswith("$", position) and (name := _NAME.match(text, position + 1)):
                value, position = self._value(name[0], text, name.end())
                arguments.append(value)
            else:
                raise NotPractised("a mapping template holds an expression that the practice account cannot read")

    def _call(self, root: str, name: str, arguments: list[Any]) -> Any:
        function = _FUNCTIONS.get((root, name, len(arguments)))
        if function is None:
            raise NotPractised(f"the practice account does not know ${root}.{name} with {len(arguments)} arguments")
        return function(self, *arguments)

    def all_params(self) -> dict[str, dict[str, str]]:
        """D "$input.params()": the maps of all parameters, by their places."""
        sources = self.sources
        return {
            "path": dict(sources.path),
            "querystring": {name: values[-1] for name, values in sources.query.items()},
            "header": dict(iter(sources.headers)),
        }

    def params(self, name: str) -> str | None:
        """Path, then query string, then header (D "$input.params(x)")."""
        sources = self.sources
        if name in sources.path:
            return sources.path[name]
        if name in sources.query:
            return sources.query[name][-1]
        values = sources.headers.exactly(name)
        return values[-1] if values else None

    def at(self, path: str) -> Any:
        try:
            document = json.loads(self.body) if self.body.strip() else None
        except ValueError:
            return None
        for step in re.findall(r"[^.\[\]'\"]+", path.removeprefix("$")):
            if isinstance(document, dict):
                document = document.get(step)
            elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
                document = document[int(step)]
            else:
                return None
        return document


def _member(value: Any, name: str) -> Any:
    """A map's entry or a list's item; of anything else nothing."""
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None


def _json(scope: _Scope, path: str) -> str:
    value = scope.at(path)
    return '""' if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _escape(_: _Scope, value: Any) -> str:
    # D $util.escapeJavaScript: JavaScript string rules; the single quote is escaped too.
    return json.dumps(_shown(value))[1:-1].replace("'", "\\'").replace("/", "\\/")


_FUNCTIONS: Final[Mapping[tuple[str, str, int], Callable[..., Any]]] = {
    ("input", "params", 0): lambda scope: scope.all_params(),
    ("input", "params", 1): lambda scope, name: scope.params(name),
    ("input", "json", 1): _json,
    ("input", "path", 1): lambda scope, path: scope.at(path),
    ("util", "escapeJavaScript", 1): _escape,
    ("util", "urlEncode", 1): lambda _, value: quote_plus(_shown(value)),
    ("util", "urlDecode", 1): lambda _, value: unquote_plus(_shown(value)),
    ("util", "base64Encode", 1): lambda _, value: base64.b64encode(_shown(value).encode()).decode(),
    ("util", "base64Decode", 1): lambda _, value: base64.b64decode(_shown(value)).decode("utf-8", "replace"),
}


def _shown(value: Any) -> str:
    """A value as Velocity prints it: R test_input_path_template_formatting."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_nested(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def _nested(value: Any) -> str:
    return "null" if value is None else _shown(value)
