"""What an exam is made from, and whose drills these are on which stack; as forms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from drills import exam as exams
from drills.desk import Desk
from drills.session import fit
from runbook.parameters import validated, validated_as
from tui.screens import form
from tui.screens.form import FormScreen

__all__ = ["Answer", "AnswerForm", "ExamForm", "ExamOrder", "Place", "PlaceForm"]


class ExamOrder(BaseModel):
    """What ``runbook drill exam N`` asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(5, description="How many drills in a row, the easy ones first.")
    level: Literal["any", "easy", "medium", "hard"] = Field("any", description="By chance among these only.")
    closed_book: bool = Field(False, description="Refuse trace and the steps on the drills' stack.")
    seed: int | None = Field(None, description="The same exam for the same number: for a class. By default any.")
    out: Path = Field(Path(), description="Directory of the report; by default the one you are in.")

    @property
    def among(self) -> str | None:
        """The level, as the course knows it."""
        return None if self.level == "any" else self.level


class ExamForm(FormScreen[ExamOrder]):
    """How many, of which level, by which seed, and where the report goes."""

    def __init__(self, desk: Desk) -> None:
        def order(values: Mapping[str, Any]) -> ExamOrder:
            made = validated_as(ExamOrder, values)
            exams.choose(desk.course, made.count, made.seed, made.among)
            return made

        shown = {**validated_as(ExamOrder, {}).model_dump(), "out": Path().absolute()}
        fields = [form.Field(name, info, None, shown[name]) for name, info in ExamOrder.model_fields.items()]
        super().__init__("Exam", fields, order, yes="Begin", no="Not now")


def _stack(name: str) -> str:
    return validated({"stack": name}).stack


class Place(BaseModel):
    """What ``runbook drill --trainee … --stack …`` asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trainee: Annotated[str, AfterValidator(fit)] = Field(description="Whose record it is.")
    stack: Annotated[str, AfterValidator(_stack)] = Field(
        description="The stack to break; on an account that several share, one for each."
    )


class PlaceForm(FormScreen[Place]):
    """Whose record it is, and which stack is broken."""

    def __init__(self, place: Place) -> None:
        now = place.model_dump()
        fields = [form.Field(name, info, None, now[name]) for name, info in Place.model_fields.items()]
        super().__init__("Who and where", fields, lambda values: validated_as(Place, {**now, **values}))


class Answer(BaseModel):
    """What ``runbook drill verify --hop … --why …`` asks for; None is no answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hop: str | None = None
    why: str | None = None


_NONE = "–"


class AnswerForm(FormScreen[Answer]):
    """Which hop breaks it, and why; what was answered before is chosen already."""

    def __init__(self, desk: Desk, *, yes: str) -> None:
        question, running = desk.question, desk.session.running
        letters = question.lettered
        causes = "\n".join(f"{letter}  {cause}" for letter, cause in letters.items())
        hops: Any = Literal[(_NONE, *question.hops)]
        whys: Any = Literal[(_NONE, *letters)]
        asked: Any = create_model(
            "Asked",
            hop=(hops, Field(description="Which hop breaks it? Two fifths of the points.")),
            why=(whys, Field(description=f"Why? Two fifths of the points.\n{causes}")),
        )
        chosen = next((letter for letter, cause in letters.items() if cause == running.cause), None)
        now = {"hop": running.hop or _NONE, "why": chosen or _NONE}

        def answer(values: Mapping[str, Any]) -> Answer:
            given = validated_as(asked, {**now, **values}).model_dump()
            return Answer(**{name: None if value == _NONE else value for name, value in given.items()})

        fields = [form.Field(name, info, None, now[name]) for name, info in asked.model_fields.items()]
        super().__init__("Which hop, and why?", fields, answer, yes=yes, no="Not now")
