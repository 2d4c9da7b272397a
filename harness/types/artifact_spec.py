"""A model that was tuned elsewhere: the folder that another trainer wrote, and what was found in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.types.declared import Declared

ArtifactKind = Literal["adapter", "model"]


class ArtifactSpec(Declared):
    """A folder with an adapter of PEFT, or with a whole model. Users name the path, and may say why the test
    examples were unseen; the other fields are what the folder holds."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """The folder. In a YAML file, a relative path starts at that file."""
    unseen: Annotated[str, Field(max_length=300)] = ""
    """Why no test example can have been among its training data, in the words of the person who knows; empty without such a statement."""
    kind: ArtifactKind | None = None
    """What the folder holds; None until it was examined."""
    sha256: str = ""
    """A hash over the names and contents of the files that decide an answer."""
    bytes: Annotated[int, Field(ge=0)] = 0
    """The size of these files."""
    trained_on: str = ""
    """The base model that an adapter was trained on, as its configuration names it."""
