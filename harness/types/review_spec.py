"""The questions of a human review."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from harness.types.declared import Declared

# Names that the raters' files and the exports of Label Studio use for their own columns.
_RESERVED_COLUMNS = (
    "id", "item", "packet", "rater", "input", "reference", "text", "output", "corrected", "corrected version", "comment", "kinds",
    "preference", "severity", "annotator", "annotation id", "lead time", "created at", "updated at",
)  # fmt: skip


class ScaleSpec(Declared):
    """One question about an output, answered on a scale."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$", max_length=40)]
    """A short name for reports and for the column of raters' files."""
    question: Annotated[str, Field(min_length=1, max_length=500)]
    """The question that raters see."""
    answers: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(min_length=2, max_length=10)]
    """The answers in words, the worst first."""

    @field_validator("answers")
    @classmethod
    def _check_distinct(cls, answers: tuple[str, ...]) -> tuple[str, ...]:
        if len({answer.casefold() for answer in answers}) < len(answers):
            raise ValueError("the answers of a question must differ")
        return answers


class ReviewSpec(Declared):
    """What raters are asked about the outputs."""

    instructions: Annotated[str, Field(max_length=4000)] = "Judge each output by its input alone."
    """Shown to the raters at the start."""
    preference: Annotated[str, Field(min_length=1, max_length=500)] = "Which output is better?"
    """The question about two outputs side by side."""
    scales: Annotated[tuple[ScaleSpec, ...], Field(min_length=1, max_length=12)] = (
        ScaleSpec(name="quality", question="How good is the output?", answers=("unusable", "poor", "fair", "good", "excellent")),
    )
    """The questions about a single output."""
    errors: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(min_length=1, max_length=30)] = (
        "wrong",
        "left out",
        "invented",
    )
    """The kinds of errors that raters can mark in an output."""
    critical: Annotated[str, Field(min_length=1, max_length=300)] = "could lead the reader to a wrong decision, or harm someone"
    """What makes an error critical: the end of a sentence that begins with "An error is critical if it"."""

    @model_validator(mode="after")
    def _check_names(self) -> ReviewSpec:
        for what, names in (("scales", [s.name for s in self.scales]), ("errors", list(self.errors))):
            if len({name.casefold() for name in names}) < len(names):
                raise ValueError(f"the names of the {what} must differ")
        reserved = [s.name for s in self.scales if s.name.casefold().replace("_", " ") in _RESERVED_COLUMNS]
        if reserved:
            raise ValueError(f"a scale cannot be called '{reserved[0]}', because raters' files have a column of that name. Rename it")
        if len({"".join(c if c.isalnum() else "_" for c in s.name.casefold()) for s in self.scales}) < len(self.scales):
            raise ValueError("the names of the scales must differ in letters or digits")
        return self
