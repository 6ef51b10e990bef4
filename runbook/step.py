"""A step, read from a module of plain functions; and the order that the steps' facts give them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import ModuleType, NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from typing_extensions import get_protocol_members, is_protocol

from runbook.aws import Aws
from runbook.closing import Closing
from runbook.errors import BadInput, StepsInvalid, quoted
from runbook.operations import Operation, Operations
from runbook.outcome import Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Part
from runbook.permissions import Permission
from runbook.picture import Box
from runbook.removing import Resource
from runbook.turns import Carrier

__all__ = ["Need", "Plan", "Step"]


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that a step's function asks for; an ``optional`` one is given as None when it is absent."""

    fact: type
    optional: bool = False


@dataclass(frozen=True)
class Step:
    """A step module, as the engine and the faces see it."""

    module: ModuleType
    id: str
    title: str
    explanation: str
    """The module's docstring below its title, in Markdown."""
    gives: type
    needs: Mapping[str, tuple[Need, ...]]
    """What ``check``, ``do`` and ``undo`` each ask for."""
    part_of: type | None
    """The fact of the parent resource whose deletion takes this one with it."""
    replaced_with: frozenset[type] = frozenset()
    """The facts of other resources that cannot be replaced without deleting this one first."""
    only_looks: bool = False
    """It creates nothing, so acting on it changes nothing."""
    takes: float = 0.0
    """AWS seconds that creating it usually takes; 0 where it is a moment."""
    removal_takes: float = 0.0
    """AWS seconds that deleting it usually takes."""
    interrupts: bool = False
    """While it is replaced the API does not answer."""
    usd_per_hour: float = 0.0
    """What it costs in us-east-1 from its creation on, besides what it costs by use."""
    box: Box | None = None
    """Its place in the drawn path of a request, if it has one."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What scripts may want of its fact: the value's name for them, and the attribute that has it."""
    permissions: tuple[Permission, ...] = ()
    """What its requests must be allowed by IAM."""
    part: Part | None = None
    """What ``runbook list`` counts of its resource, if that has tags of its own."""
    closing: Closing | None = None
    """What is shown of its fact at the end of a run."""
    calls: bool = False
    """Its check sends a request to what was built."""
    operations: tuple[Operation, ...] = ()
    """What is known of the operations of AWS that it uses."""
    topics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What operations with a word in their names are about."""
    hops: Mapping[str, str] = field(default_factory=dict)
    """The hops of a trace that it would repair, each with a pattern: which of its differences are what is found there;
    empty where the finding names the difference itself."""
    reads: frozenset[str] = frozenset()
    """The parameters that it reads, besides those that every track has."""

    @classmethod
    def of(cls, module: ModuleType) -> Step:
        """Read a module's functions. Raises :class:`StepsInvalid` when they are not of the contract's form."""
        name = module.__name__.rpartition(".")[2]
        doc = inspect.getdoc(module) or ""
        title, _, explanation = doc.partition("\n")
        if not title:
            raise StepsInvalid(f"step {name} has no docstring; its first line is the step's title")
        needs: dict[str, tuple[Need, ...]] = {}
        gives: dict[str, type] = {}
        for function in ("check", "do", "undo"):
            action = getattr(module, function, None)
            if not callable(action):
                raise StepsInvalid(f"step {name} has no function {function}")
            needs[function], answer = _signature(name, function, action)
            if function != "undo":
                gives[function] = answer
        if foresee := getattr(module, "foresee", None):
            needs["foresee"], gives["foresee"] = _signature(name, "foresee", foresee)
            if gives["foresee"] is not gives["check"]:
                raise StepsInvalid(f"step {name}: foresee should give {gives['check'].__name__}, as check does")
            if unknown := {n.fact for n in needs["foresee"]} - {n.fact for n in needs["check"]}:
                raise StepsInvalid(f"step {name}: foresee needs {unknown.pop().__name__}, which check does not need")
        if gives["check"] is not gives["do"]:
            raise StepsInvalid(
                f"step {name}: check gives {gives['check'].__name__} but do gives {gives['do'].__name__}"
            )
        return cls(
            module=module,
            id=name.replace("_", "-"),
            title=title.strip().rstrip("."),
            explanation=explanation.strip(),
            gives=gives["do"],
            needs=needs,
            part_of=getattr(module, "PART_OF", None),
            replaced_with=frozenset(getattr(module, "REPLACED_WITH", ())),
            only_looks=getattr(module, "ONLY_LOOKS", False),
            takes=getattr(module, "TAKES", 0.0),
            removal_takes=getattr(module, "REMOVAL_TAKES", 0.0),
            interrupts=getattr(module, "REPLACING_INTERRUPTS", False),
            usd_per_hour=getattr(module, "USD_PER_HOUR", 0.0),
            box=getattr(module, "BOX", None),
            outputs=_outputs(name, getattr(module, "OUTPUTS", {}), gives["do"]),
            permissions=tuple(getattr(module, "PERMISSIONS", ())),
            part=getattr(module, "PART", None),
            closing=getattr(module, "CLOSING", None),
            calls=getattr(module, "CALLS", False),
            operations=tuple(getattr(module, "OPERATIONS", ())),
            topics={word: frozenset(topics) for word, topics in getattr(module, "TOPICS", {}).items()},
            hops=getattr(module, "HOPS", {}),
            reads=_reads(name, getattr(module, "READS", ())),
        )

    def among(self, producers: Mapping[type, Step]) -> Step:
        """The same step, whose parents are named by the very facts that these producers give."""
        return replace(
            self,
            part_of=None if self.part_of is None else producers[self.part_of].gives,
            replaced_with=frozenset(producers[fact].gives for fact in self.replaced_with),
        )

    def call(self, function: str, aws: Aws, params: Parameters, facts: Mapping[type, object]) -> Any:
        """Call ``check``, ``foresee``, ``do`` or ``undo`` with the facts it asks for."""
        wanted = [facts.get(need.fact) for need in self.needs[function]]
        return getattr(self.module, function)(aws, params, *wanted)

    def outputs_of(self, fact: object) -> dict[str, Any]:
        """The values of its outputs, as this fact has them; none without a fact."""
        return {} if fact is None else {name: getattr(fact, attribute) for name, attribute in self.outputs.items()}

    @property
    def find(self) -> Callable[[Aws, str], object] | None:
        """The module's look-up by stack name, if it has one: it needs no facts, so it can be asked early."""
        return getattr(self.module, "find", None)

    @property
    def recall(self) -> Callable[[Aws, str], Mapping[str, Any]] | None:
        """The module's reading of the parameters that its resource remembers, if it remembers any."""
        return getattr(self.module, "recall", None)

    @property
    def removes(self) -> Callable[[Aws, Parameters], Sequence[Resource]] | None:
        """The module's look at what ``undo`` would remove, if it makes anything."""
        return getattr(self.module, "removes", None)

    @property
    def carrier(self) -> Carrier | None:
        """The module, if its resource carries the marks of the runs that change the stack."""
        return cast("Carrier", self.module) if hasattr(self.module, "mark") else None


@dataclass(frozen=True)
class Plan:
    """The steps in reading order, validated: each fact has one producer, and there is no circle."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, modules: Sequence[ModuleType]) -> Plan:
        """Read and validate the modules. Raises :class:`StepsInvalid`; nothing is touched."""
        plan = cls(tuple(Step.of(module) for module in modules))
        given: dict[type, Step] = {}
        for step in plan.steps:
            if (other := given.setdefault(step.gives, step)) is not step:
                raise StepsInvalid(f"steps {other.id} and {step.id} both give {step.gives.__name__}")
        hops: dict[str, Step] = {}
        for step in plan.steps:
            for hop in step.hops:
                if (other := hops.setdefault(hop, step)) is not step:
                    raise StepsInvalid(f"steps {other.id} and {step.id} both repair hop {hop}")
        named: dict[str, Step] = {}
        for step in plan.steps:
            for output in step.outputs:
                if (other := named.setdefault(output, step)) is not step:
                    raise StepsInvalid(f"steps {other.id} and {step.id} both have an output {output}")
        producers = plan.producers
        for step in plan.steps:
            needed = {producers[need.fact].id for need in step.needs["check"]}
            if unknown := [fact for fact in step.replaced_with if producers[fact].id not in needed]:
                raise StepsInvalid(
                    f"step {step.id} is replaced with {unknown[0].__name__}, which its check does not need"
                )
        try:
            TopologicalSorter(
                {s.id: {producers[n.fact].id for n in (*s.needs["check"], *s.needs["do"])} for s in plan.steps}
            ).prepare()
        except CycleError as error:
            raise StepsInvalid(f"steps need each other in a circle: {' → '.join(error.args[1])}") from None
        return cls(tuple(step.among(producers) for step in plan.steps))

    @cached_property
    def producers(self) -> Mapping[type, Step]:
        """Which step gives which fact, by the types that steps give and by those that they ask for.

        Raises :class:`StepsInvalid` where what is asked for is given by no step, or by several.
        """
        found = {step.gives: step for step in self.steps}
        for step in self.steps:
            asked = [
                (need.fact, f"step {step.id}: {name} needs") for name, needs in step.needs.items() for need in needs
            ]
            if step.part_of is not None:
                asked.append((step.part_of, f"step {step.id} is part of"))
            asked += [(fact, f"step {step.id} is replaced with") for fact in step.replaced_with]
            for fact, why in asked:
                having = [other for other in self.steps if _is_a(other.gives, fact)]
                if len(having) != 1:
                    ids = " and ".join(other.id for other in having)
                    given = f"both {ids} give" if having else "no step gives"
                    raise StepsInvalid(f"{why} {fact.__name__}, which {given}")
                found[fact] = having[0]
        return found

    @cached_property
    def boxes(self) -> Mapping[str, Box]:
        """The boxes of the drawn path of a request, by the ids of the steps that make them."""
        return {step.id: step.box for step in self.steps if step.box is not None}

    @cached_property
    def outputs(self) -> Mapping[str, Step]:
        """Which step has which output; the one that is asked for most, the last step's, first."""
        return {name: step for step in reversed(self.steps) for name in step.outputs}

    @cached_property
    def permissions(self) -> tuple[Permission, ...]:
        """What the requests of all steps must be allowed by IAM."""
        return tuple(permission for step in self.steps for permission in step.permissions)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What ``runbook list`` counts of a stack."""
        return tuple(step.part for step in self.steps if step.part is not None)

    @property
    def calling(self) -> Step | None:
        """The step that sends a request to what was built, if there is one."""
        return next((step for step in reversed(self.steps) if step.calls), None)

    @cached_property
    def operations(self) -> Operations:
        """What the steps know of the operations of AWS that they use."""
        return Operations(
            tuple(operation for step in self.steps for operation in step.operations),
            {
                word: frozenset[str]().union(*(step.topics.get(word, ()) for step in self.steps))
                for word in (word for step in self.steps for word in step.topics)
            },
        )

    @cached_property
    def repairing(self) -> Mapping[str, Step]:
        """Which step repairs what a hop of a trace finds."""
        return {hop: step for step in self.steps for hop in step.hops}

    @property
    def titles(self) -> Mapping[str, str]:
        """The steps' titles, by id."""
        return {step.id: step.title for step in self.steps}

    @property
    def ids(self) -> tuple[str, ...]:
        """The steps' ids in reading order."""
        return tuple(step.id for step in self.steps)

    def __getitem__(self, step_id: str) -> Step:
        """The step of this id (``target_group`` is taken for ``target-group``). Raises :class:`BadInput`."""
        wanted = step_id.strip().lower().replace("_", "-")
        for step in self.steps:
            if step.id == wanted:
                return step
        raise BadInput("step", f"{quoted(step_id)} is no step.", f"There are: {', '.join(self.ids)}.")

    def before(self, step: Step, functions: Iterable[str]) -> tuple[Step, ...]:
        """The steps whose facts these functions of a step ask for."""
        wanted = dict.fromkeys(need.fact for function in functions for need in step.needs[function])
        return tuple(self.producers[fact] for fact in wanted)

    def up_to(self, step: Step) -> frozenset[str]:
        """The ids of a step and of all that it needs, directly or not."""
        found: dict[str, Step] = {}
        open_steps = [step]
        while open_steps:
            current = open_steps.pop()
            if current.id not in found:
                found[current.id] = current
                open_steps.extend(self.before(current, ("check", "do")))
        return frozenset(found)


def _is_a(fact: type, wanted: type) -> bool:
    """Whether a fact is of a type: that one, a subclass, or for a protocol one that has all its members."""
    if wanted in fact.__mro__:
        return True
    if not is_protocol(wanted):
        return False
    return get_protocol_members(wanted) <= {*dir(fact), *(field.name for field in fields(fact))}


def _reads(step: str, names: Iterable[str]) -> frozenset[str]:
    if unknown := sorted(set(names) - set(Parameters.model_fields)):
        raise StepsInvalid(f"step {step} reads {unknown[0]}, which is no parameter")
    return frozenset(names)


def _outputs(step: str, outputs: Mapping[str, str], fact: type) -> Mapping[str, str]:
    known = {field.name for field in fields(fact)} | {name for name in dir(fact) if not name.startswith("_")}
    for name, attribute in outputs.items():
        if attribute not in known:
            raise StepsInvalid(f"step {step}: output {name} names {fact.__name__}.{attribute}, which there is not")
    return outputs


def _signature(step: str, function: str, action: Callable[..., object]) -> tuple[tuple[Need, ...], type]:
    try:
        hints = get_type_hints(action)
    except NameError as error:
        raise StepsInvalid(f"step {step}: {function} names a type that is not imported at run time ({error})") from None
    names = list(inspect.signature(action).parameters)
    if [hints.get(name) for name in names[:2]] != [Aws, Parameters]:
        raise StepsInvalid(f"step {step}: {function} should begin with (aws: Aws, params: Parameters, ...)")
    needs = tuple(_need(step, function, name, hints.get(name)) for name in names[2:])
    answers = [kind for kind in _members(hints.get("return")) if kind not in (Missing, NoneType)]
    facts = {get_args(kind)[0] if get_origin(kind) is Drifted else kind for kind in answers}
    if function == "undo":
        return needs, NoneType
    if len(facts) != 1 or not is_dataclass(fact := facts.pop()):
        raise StepsInvalid(f"step {step}: {function} should say which fact, a dataclass, it gives")
    assert isinstance(fact, type)  # noqa: S101 (a dataclass and no instance, as it comes from an annotation)
    return needs, fact


def _need(step: str, function: str, name: str, hint: object) -> Need:
    members = [kind for kind in _members(hint) if kind is not NoneType]
    if (
        len(members) != 1
        or not isinstance(members[0], type)
        or not (is_dataclass(members[0]) or is_protocol(members[0]))
    ):
        raise StepsInvalid(f"step {step}: {function}'s {name} should be annotated with a fact's type")
    return Need(members[0], optional=NoneType in _members(hint))


def _members(hint: object) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
