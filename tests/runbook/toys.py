"""Small steps without AWS, to see the engine work."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import boto3

from runbook.aws import Aws, Identity
from runbook.outcome import Drifted, Missing
from runbook.parameters import Parameters


@dataclass(frozen=True)
class First:
    value: str = "first"

    @property
    def summary(self) -> str:
        return "there is one now"


@dataclass(frozen=True)
class Second:
    value: str = "second"


@dataclass(frozen=True)
class Third:
    value: str = "third"


class Offline(Aws):
    """Knows who it is without asking."""

    def __init__(self) -> None:
        super().__init__(
            boto3.Session(aws_access_key_id="toy", aws_secret_access_key="toy", region_name="eu-west-1"),
            endpoint_url="http://127.0.0.1:9",
        )

    def identity(self) -> Identity:
        return Identity("111122223333", "arn:aws:iam::111122223333:user/toy", "eu-west-1", "aws")


Behaviour = Callable[..., Any]


@dataclass
class Toy:
    """A step that is there or not; what it does can be replaced."""

    name: str
    fact: type
    needs: tuple[Any, ...] = ()
    there: bool = False
    check: Behaviour | None = None
    do: Behaviour | None = None
    undo: Behaviour | None = None
    part_of: type | None = None
    calls: list[str] = field(default_factory=list)
    given: list[tuple[object, ...]] = field(default_factory=list)

    def _check(self, aws: Aws, *facts: object) -> object:
        return self.fact() if self.there else Missing(f"there is no {self.name}")

    def _do(self, aws: Aws, *facts: object) -> object:
        self.there = True
        return self.fact()

    def _undo(self, aws: Aws) -> None:
        self.there = False

    @property
    def module(self) -> ModuleType:
        module = ModuleType(f"toys.{self.name}", f"{self.name.title()}.\n\nWhy it is needed.")
        answer = self.fact | Missing | Drifted[self.fact]  # type: ignore[name-defined]
        for function, needs, returns in (
            ("check", self.needs, answer),
            ("do", self.needs, self.fact),
            ("undo", (), None),
        ):
            setattr(module, function, self._function(function, needs, returns))
        if self.part_of:
            module.PART_OF = self.part_of  # type: ignore[attr-defined]
        return module

    def _function(self, name: str, needs: tuple[Any, ...], returns: object) -> Callable[..., Any]:
        behaviour = getattr(self, name) or getattr(self, f"_{name}")

        def function(aws: Aws, params: Parameters, *facts: object) -> object:
            self.calls.append(name)
            if name == "do":
                self.given.append(facts)
            return behaviour(aws, *facts)

        annotated(function, needs, returns)
        return function


def annotated(function: Callable[..., Any], needs: tuple[Any, ...], returns: object) -> None:
    """Give a function the signature of a step's."""
    arguments = {"aws": Aws, "params": Parameters, **{f"fact{n}": need for n, need in enumerate(needs)}}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind, annotation=hint) for name, hint in arguments.items()],
        return_annotation=returns,
    )
    function.__annotations__ = {**arguments, "return": returns}
