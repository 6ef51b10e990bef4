"""What a stack is made from: one validated model for the CLI, the environment, a file, the notebook and the TUI."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from runbook.errors import BadInput, named, quoted, reason

__all__ = ["COMMON", "ENV_PREFIX", "RUN_ONLY", "Parameters", "is_stack_name", "load", "validated", "validated_as"]

M = TypeVar("M", bound=BaseModel)

ENV_PREFIX = "RUNBOOK_"


def _text(value: object) -> object:
    """Papermill turns ``-p stack 007`` into a number; what was typed is meant."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(word for word in re.split(r"[,\s]+", value) if word)
    return tuple(value) if isinstance(value, list) else value


def _pairs(value: object) -> object:
    if isinstance(value, str):
        value = [word for word in value.split(",") if word.strip()]
    if isinstance(value, list | tuple):
        pairs = [str(item).strip().partition("=") for item in value]
        if wrong := ["".join(pair) for pair in pairs if not (pair[0] and pair[1])]:
            raise ValueError(f"{quoted(wrong[0])} is not of the form key=value")
        return {key: text for key, _, text in pairs}
    return value


def _matching(pattern: str, meaning: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"{quoted(value)} is not {meaning}")
        return value

    return AfterValidator(check)


def _each(pattern: str, meaning: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not compiled.fullmatch(value):
                raise ValueError(f"{quoted(value)} is not {meaning}")
        if len(set(values)) < len(values):
            raise ValueError("the same id is given twice")
        return values

    return AfterValidator(check)


# API Gateway's tags allow fewer characters than EC2's and ELB's; a tag of ours goes onto all three.
_TAG = re.compile(r"(?! )[A-Za-z0-9 +\-=._:/@]*(?<! )")
# A resource takes 50 tags; ours, with the record of the parameters, need the rest.
_MOST_TAGS = 30


def _taggable(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"there are {len(tags)}, and room for at most {_MOST_TAGS}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            raise ValueError(
                f"{quoted(f'{key}={value}')} is not a tag that API Gateway takes: "
                "letters, digits, space and + - = . _ : / @, not a space at an end, "
                "a key of 1 to 128 and a value of at most 256 characters"
            )
        if key.lower().startswith(("aws:", "runbook:")):
            raise ValueError(f"{quoted(key)}: tags that start with aws: or runbook: are reserved")
    return tags


def _findable(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or not (key + value).isprintable():
            raise ValueError(
                f"{quoted(f'{key}={value}')} is not a tag of an instance: "
                "a key of 1 to 128 and a value of at most 256 characters that can be printed"
            )
    return tags


_REGION = _matching(r"[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}", "an AWS region such as eu-west-1")
_LIST_SEPARATED = "several separated by commas"
_PATH = _matching(r"/[!-~]{0,1023}", "an absolute path, such as /health, without spaces")


def _whole(value: Any) -> Any:
    """Pydantic would take 8.0 and 8_0 for numbers as well; who types that means something else."""
    if isinstance(value, str) and re.search(r"[0-9]", value) and not re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
        raise ValueError(f"{quoted(value)} is not a whole number")
    return value


_WHOLE = BeforeValidator(_whole)
Ids = Annotated[tuple[str, ...], BeforeValidator(_words)]
Tags = Annotated[dict[str, str], BeforeValidator(_pairs), AfterValidator(_taggable)]
Text = Annotated[str, BeforeValidator(_text)]
_STACK_NAME = r"(?!internal(?:-|\Z))[A-Za-z0-9](?:[A-Za-z0-9-]{0,18}[A-Za-z0-9])?"


def is_stack_name(text: str) -> bool:
    """Whether a stack can have this name: a tag that names a stack may hold anything."""
    return re.fullmatch(_STACK_NAME, text) is not None


class Parameters(BaseModel):
    """What a stack is made from. Only the instances have no default on AWS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stack: Annotated[
        Text,
        _matching(
            _STACK_NAME,
            "a stack name: 1 to 20 letters, digits and hyphens, "
            "not starting or ending with a hyphen, nor internal, nor starting with internal-",
        ),
    ] = Field("demo", description="Name of the stack; every resource is named and tagged after it.")
    track: Annotated[Text, _matching(r"[a-z][a-z0-9-]{0,30}", "the name of a track, such as rest")] = Field(
        "rest", description="Track of the stack: the steps that build it; one that exists keeps its own."
    )
    region: Annotated[Text, _REGION] | None = Field(None, description="AWS region; by default the profile's.")
    instances: Annotated[Ids, _each(r"i-[0-9a-f]{8,17}", "an EC2 instance id such as i-0123456789abcdef0")] = Field(
        (), description=f"EC2 instance ids that serve the API ({_LIST_SEPARATED})."
    )
    instance_tags: Annotated[dict[str, str], BeforeValidator(_pairs), AfterValidator(_findable)] = Field(
        {},
        description="Tags (key=value) that pick the instances instead of their ids; * and ? are wildcards.",
    )
    vpc: Annotated[Text, _matching(r"vpc-[0-9a-f]{8,17}", "a VPC id such as vpc-0123456789abcdef0")] | None = Field(
        None, description="VPC id; by default the instances'."
    )
    subnets: Annotated[Ids, _each(r"subnet-[0-9a-f]{8,17}", "a subnet id such as subnet-0123456789abcdef0")] = Field(
        (),
        description=f"Subnet ids for the load balancer, one a zone ({_LIST_SEPARATED}); by default the instances'.",
    )
    security_group: (
        Annotated[Text, _matching(r"sg-[0-9a-f]{8,17}", "a security group id such as sg-0123456789abcdef0")] | None
    ) = Field(
        None,
        description="The instances' security group that lets the load balancer in; by default their only one.",
    )
    port: Annotated[int, _WHOLE] = Field(
        80, ge=1, le=65535, description="Traffic port: the instances and the load balancer listen on it."
    )
    health_check_path: Annotated[Text, _PATH] = Field("/", description="Path of the HTTP health check.")
    health_check_port: Annotated[int | None, _WHOLE] = Field(
        None, ge=1, le=65535, description="Port of the health check; by default the traffic port."
    )
    health_check_interval: Annotated[int, _WHOLE] = Field(
        10, ge=5, le=300, description="Seconds between health checks of an instance."
    )
    endpoint_type: Literal["REGIONAL", "EDGE"] = Field("REGIONAL", description="REST API endpoint: REGIONAL or EDGE.")
    route_root: bool = Field(False, description="Also route / itself, which {proxy+} does not match.")
    stage: Annotated[
        Text,
        _matching(r"[A-Za-z0-9_-]{1,128}", "a stage name: 1 to 128 letters, digits, hyphens and underscores"),
    ] = Field("prod", description="Stage the API is deployed to.")
    test_path: Annotated[Text, _PATH] = Field("/hello", description="Path called to test the invoke URL.")
    expect_status: Annotated[int | None, _WHOLE] = Field(
        None, ge=100, le=599, description="HTTP status the test expects; by default any below 400."
    )
    tags: Tags = Field({}, description="Your own tags (key=value) for everything that is created.")
    adopt: bool = Field(False, description="Take over resources that have our name but not our tag.")
    replace: bool = Field(False, description="Make anew what AWS cannot change in place.")
    force: bool = Field(False, description="Go on although a run that does the opposite may be under way.")

    @property
    def given(self) -> frozenset[str]:
        """Names of the parameters that somebody gave; the others stand at their defaults."""
        return frozenset(self.model_fields_set)

    def filled(self, values: Mapping[str, Any]) -> Parameters:
        """A copy in which parameters that nobody gave take these values. Raises :class:`BadInput`."""
        shut = _INSTEAD if self.given & _INSTEAD else frozenset()
        open_ = {name: value for name, value in values.items() if name not in shut}
        return validated({**open_, **{name: getattr(self, name) for name in self.given}})

    def with_values(self, **values: Any) -> Parameters:
        """A copy with these values instead. Raises :class:`BadInput`."""
        return validated({**{name: getattr(self, name) for name in self.given}, **values})


_INSTEAD = frozenset({"instances", "instance_tags"})
"""Given one, the other says nothing."""

RUN_ONLY = frozenset({"adopt", "replace", "force"})
"""Parameters of one run; the others are the stack's and are remembered on it."""

COMMON = RUN_ONLY | {"stack", "track", "region", "tags"}
"""Parameters of every track; which others a track has, its steps say (``READS``)."""


def load(given: Mapping[str, Any] | None = None, file: Path | None = None) -> Parameters:
    """The parameters from what is given by hand, then the environment, then a TOML or YAML file.

    Raises :class:`BadInput` naming the first parameter that is wrong.
    """
    return validated({**_from_file(file), **_from_environment(), **(given or {})})


def validated(values: Mapping[str, Any]) -> Parameters:
    """Parameters of these values. Raises :class:`BadInput` naming the first that is wrong."""
    return validated_as(Parameters, values)


def validated_as(model: type[M], values: Mapping[str, Any]) -> M:
    """Any model of these values. Raises :class:`BadInput` naming the first that is wrong."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "parameters"
        if first["type"] == "extra_forbidden":
            raise BadInput(named(name), "is no parameter.", f"There are: {', '.join(model.model_fields)}.") from None
        problem = first["msg"].removeprefix("Value error, ")
        shown = f" (given: {quoted(first['input'])})" if first["type"] != "value_error" else ""
        raise BadInput(name, f"{problem[0].lower()}{problem[1:]}{shown}.") from None


def _from_environment() -> dict[str, str]:
    names = {name: f"{ENV_PREFIX}{name.upper()}" for name in Parameters.model_fields}
    return {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}


_LARGEST = 1_000_000  # bytes of a file with parameters


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    import tomllib  # only where there is a file: they cost as much as all else of a quick command

    import yaml

    kind = "TOML" if path.suffix == ".toml" else "YAML"
    try:
        with path.open("rb") as file:
            read = file.read(_LARGEST + 1)
        if len(read) > _LARGEST:  # or one that never ends
            raise BadInput("parameters", f"the file {named(path)} is longer than {_LARGEST // 1000} kB.")
        text = read.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("parameters", f"the file {named(path)} is not UTF-8 text.") from None
    except (OSError, ValueError) as error:
        raise BadInput("parameters", f"the file {named(path)} cannot be read: {reason(error)}.") from None
    try:
        values = tomllib.loads(text) if kind == "TOML" else yaml.safe_load(text)
    except (RecursionError, ValueError, yaml.YAMLError) as error:
        # What is nested too deeply, or a day that no calendar has, is neither TOML nor YAML.
        raise BadInput("parameters", f"the file {named(path)} is not {kind}{_where(error)}.") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise BadInput(
            "parameters", f'the file {named(path)} should hold name and value pairs, such as: stack = "demo".'
        )
    return {str(name).replace("-", "_"): value for name, value in values.items()}


def _where(error: Exception) -> str:
    """Where in its text a parser gave up, and why, as far as it says so."""
    if (mark := getattr(error, "problem_mark", None)) is not None:
        problem = " ".join(str(getattr(error, "problem", "")).split())
        return f": line {mark.line + 1}, column {mark.column + 1}" + (f", {named(problem)}" if problem else "")
    if isinstance(error, RecursionError):
        return ": it is nested too deeply"
    return f": {named(' '.join(str(error).split()))}"
