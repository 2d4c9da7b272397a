"""The base of everything that users declare, so that a YAML file and a Python call are checked by the same rules."""

from __future__ import annotations

from typing import Annotated, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
# Without commas, because a comma separates the names of tasks on the command line.
Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=+-]*$", max_length=80)]
Paths: TypeAlias = str | Annotated[tuple[str, ...], Field(min_length=1)]


class Declared(BaseModel):
    """Base of everything that users write: frozen, and an unknown field is an error instead of being ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_boolean_numbers(cls, value: object, info: ValidationInfo) -> object:
        """Pydantic would accept YAML's `true`, `yes` and `on` as the number 1."""
        if isinstance(value, bool) and info.field_name is not None:
            types = _types_in(cls.model_fields[info.field_name].annotation)
            if types & {int, float} and not types & {bool, str}:  # a field that also accepts text has a check of its own
                raise ValueError(f"must be a number, not {str(value).lower()}")
        return value


def _types_in(annotation: object) -> set[object]:
    """Every type that an annotation names."""
    return {annotation}.union(*(_types_in(part) for part in get_args(annotation)))
