"""A judge: a model that is asked how good outputs are, and what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from harness.types.api_spec import ApiSpec
from harness.types.declared import Declared

JudgeKind: TypeAlias = Literal["rubric", "pairwise", "questions"]
_Point: TypeAlias = Annotated[int, Field(ge=-100, le=100)]
_MOST_POINTS = 20
_USUAL_SCALE = (1, 5)


class JudgeSpec(Declared):
    """What a model is asked about the outputs of a run.

    | kind | the judge |
    | --- | --- |
    | `rubric` | rates one output on a scale, by the criterion |
    | `pairwise` | says which of two outputs is better by the criterion; each pair is asked in both orders |
    | `questions` | answers each question about one output with yes or no; yes is good |
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)]
    """In reports."""
    kind: JudgeKind
    criterion: Annotated[str, Field(max_length=4000)] = ""
    """What makes an output good, in plain text. For `questions`, what the judge should know beside them; it may be empty."""
    scale: tuple[_Point, _Point] = _USUAL_SCALE
    """For `rubric`: the worst and the best rating, whole numbers."""
    meanings: Annotated[Mapping[int, Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=_MOST_POINTS)] = Field(
        default_factory=dict
    )
    """For `rubric`: what ratings mean, such as `1: has a wrong dose`."""
    questions: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=20)] = ()
    """For `questions`: yes must be the good answer to each."""
    reasons: bool = True
    """Whether the judge writes a reason before its verdict. Without, a model of this machine takes the likeliest verdict, so that none is
    ever missing: better for small models."""
    with_reference: bool = False
    """Whether the judge also sees the first reference of the example."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each question is asked, to measure how consistent the judge is. Only for hosted models: a model of this machine answers
    greedily, and so always the same."""
    max_new_tokens: Annotated[int, Field(ge=8, le=8192)] = 300
    """The most tokens of an answer, its reason included."""
    model: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """A model of this machine: a name or a folder, as for `--model`."""
    api: ApiSpec | None = None
    """A hosted model, as in a strategy of method `api`."""

    @model_validator(mode="after")
    def _check_consistency(self) -> JudgeSpec:
        problems = [*self._find_kind_problems(), *self._find_model_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _find_kind_problems(self) -> list[str]:
        problems = []
        if self.kind != "questions" and not self.criterion.strip():
            problems.append(f"kind '{self.kind}' needs 'criterion': what makes an output good, in plain text")
        if (self.kind == "questions") != bool(self.questions):
            takes = "needs 'questions', a list" if self.kind == "questions" else "takes no 'questions'"
            problems.append(f"kind '{self.kind}' {takes}")
        if self.kind != "rubric" and (self.meanings or self.scale != _USUAL_SCALE):
            problems.append(f"kind '{self.kind}' takes no 'scale' and no 'meanings'")
        low, high = self.scale
        if not 1 <= high - low < _MOST_POINTS:
            problems.append(f"'scale: [{low}, {high}]' must go from the worst to the best rating, with 2 to {_MOST_POINTS} ratings")
        outside = [point for point in self.meanings if not low <= point <= high]
        if outside:
            problems.append(f"'meanings' explains {outside[0]}, which is not on the scale from {low} to {high}")
        return problems

    def _find_model_problems(self) -> list[str]:
        problems = []
        if (self.model is None) == (self.api is None):
            problems.append("name either 'model', a model of this machine, or 'api', a hosted one")
        if self.model is not None and self.repeats > 1:
            problems.append("'repeats' is for hosted models: a model of this machine always gives the same answer")
        if self.api is not None and self.api.repeats > 1:
            problems.append("write 'repeats' beside 'api', not in it")
        if self.api is not None and self.api.max_new_tokens is not None:
            problems.append("write 'max_new_tokens' beside 'api', not in it")
        return problems

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What the judge can answer; of a rating, the worst first."""
        low, high = self.scale
        return {"rubric": tuple(map(str, range(low, high + 1))), "pairwise": ("A", "B", "tie"), "questions": ("yes", "no")}[self.kind]

    @property
    def model_name(self) -> str:
        """The model as the user names it."""
        return self.api.model if self.api is not None else self.model or ""
