"""What only people know about data: where it comes from, and what may be done with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.types.declared import Declared

_Text = Annotated[str, Field(max_length=2000)]


class DataAbout(Declared):
    """What a data card and the report say about the data. It changes no result."""

    source: _Text = ""
    """Where the examples come from."""
    license: _Text = ""
    """What may be done with them: the name of a licence, its address, or a sentence."""
    collected: _Text = ""
    """When, how and by whom they were collected."""
    anonymization: _Text = ""
    """What was done to the identifiers of people."""
    marks: Annotated[str, Field(max_length=1000)] = ""
    """The file that the page of `bench data anonymize --sample` saved, relative to the task's file: the card states the recall."""
    gaps: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = ()
    """What the data lacks or gets wrong, as far as it is known."""
    url: _Text = ""
    """The address of the data or of its card."""
