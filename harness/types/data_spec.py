"""Where the examples of a task come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from harness.types.data_about import DataAbout
from harness.types.declared import Declared, Fraction, Name, Paths

_SHARES = (0.8, 0.1, 0.1)


class SplitSpec(Declared):
    """How one dataset is split: by a column that names the splits, by time, or at random by shares.

    At random, examples of one group stay together, and with labels, every split has each class in about its share."""

    train: Fraction = _SHARES[0]
    """The share of training examples; the three shares sum to 1."""
    validation: Fraction = _SHARES[1]
    """The share of validation examples."""
    test: Fraction = _SHARES[2]
    """The share of test examples."""
    seed: int = 13
    """The seed of the assignment, which does not depend on the order of the examples."""
    column: Annotated[str, Field(min_length=1)] | None = None
    """The column that names the split of each row: train, validation or test, or a usual synonym. It replaces the shares."""
    by: Annotated[str, Field(min_length=1)] | None = None
    """The column with the date or time of each row: training has the oldest rows, validation later ones, test the newest. Rows of one time
    stay together. Training examples whose group or inputs occur later are removed."""

    near_duplicates: Literal["ignore", "together"] = "ignore"
    """Whether rows whose inputs are near duplicates (at least 80% of their words shared) stay in one split, also through others."""

    @model_validator(mode="after")
    def _check_shares(self) -> SplitSpec:
        if self.near_duplicates == "together" and (self.column or self.by):
            raise ValueError("'near_duplicates: together' needs a split at random: leave out 'column' and 'by'")
        if self.column is not None:
            if self.by is not None:
                raise ValueError("set either 'column', which names the split of each row, or 'by', which splits by time, not both")
            if (self.train, self.validation, self.test) != _SHARES:
                raise ValueError("set either 'column' or the shares of train, validation and test, not both")
            return self
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"the shares of train, validation and test must sum to 1, not {total:g}")
        if self.train == 0 or self.test == 0:
            raise ValueError("train and test must each have a share above 0")
        return self


class FilesSpec(Declared):
    """Files that are already split: one or several per split."""

    train: Paths
    """Files of training examples."""
    validation: Paths | None = None
    """None: a tenth of `train` is used for validation."""
    test: Paths
    """Files of test examples."""


class DataSpec(Declared):
    """Where the examples come from, and which column holds what. Exactly one of `path`, `hub` and `source` is set."""

    path: Paths | FilesSpec | None = None
    """A file, several files that are read as one, or the files of each split. Relative paths start at the folder of the task's file.

    A name may be a pattern (`shards/*.jsonl`), or `@files.txt`: a text file that lists files, one per line. The files of splits can also
    be given as `train`, `validation` and `test`, without `path`."""
    source: Name | None = None
    """A registered source, such as the shipped `clinic`, or one of a plug-in."""
    hub: str | None = None
    """A dataset on the Hugging Face Hub: org/name."""
    revision: str | None = None
    """With `hub`: a branch, tag or commit."""
    subset: str | None = None
    """The configuration, where a dataset of the Hub, a folder or Croissant metadata has several."""
    size: Annotated[int, Field(ge=10)] = 700
    """With `source`: the number of examples."""
    seed: int = 7
    """With `source`: the seed of the examples."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """With the source of a plug-in: its own options."""
    fields: Mapping[str, str | None] = Field(default_factory=dict)
    """The column of each role. Roles are `target` (required), `group`, `id`, and any other name, which becomes a variable of the prompt.

    A dot reaches into nested values: `answers.text`. A role without an entry is read from the column of its name; `prompt`/`completion`
    rows are understood, too. None for `group` or `id` means that there is none, even if a column has that name."""
    join: str = "\n"
    """The separator between the parts of an input that is a list."""
    target_lists: Literal["references", "join"] = "references"
    """Whether a target that is a list is several references, or one text whose parts are joined."""
    fold_references_by: str | None = None
    """A column: validation and test examples that agree in it become one example with the references of all."""
    keep: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Further columns that a run stores with its test examples, for slices and metrics that read them. All others are left out, because a
    run may be mailed. The columns of `fields` and of the guardrails' slices need not be repeated here."""
    locked_test: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The digest of the test set, as `bench tasks lock` writes it. A run refuses another test set, and training on these examples."""
    harvested: Paths | None = None
    """Files of `bench review harvest`. Their examples are used for training and removed from validation and test."""
    targets_from: Name | None = None
    """The model whose outputs the targets are: scores are then agreement with it, and it is not scored itself. None: independent labels."""
    split: SplitSpec = SplitSpec()
    """How a dataset without given splits is split."""
    about: DataAbout = DataAbout()
    """Where the data comes from, for its card and the report."""
    skip_bad_rows: bool = False
    """Whether rows that cannot be used are skipped and reported, instead of being an error."""

    @model_validator(mode="before")
    @classmethod
    def _move_splits_into_path(cls, values: object) -> object:
        """`{train: …, test: …}` as `{path: {train: …, test: …}}`."""
        if not isinstance(values, Mapping) or not (splits := [split for split in FilesSpec.model_fields if split in values]):
            return values
        if values.get("path") is not None:
            raise ValueError(f"'path' and '{splits[0]}' both name files: set either 'path', or 'train' and 'test'")
        others = {key: value for key, value in values.items() if key not in splits}
        return {**others, "path": {split: values[split] for split in splits}}

    @field_validator("fields")
    @classmethod
    def _check_fields(cls, fields: Mapping[str, str | None]) -> Mapping[str, str | None]:
        missing = [role for role, column in fields.items() if column is None and role not in ("group", "id")]
        if missing:
            raise ValueError(f"'{missing[0]}' needs a column; only 'group' and 'id' may be null. Name a column, or remove the line")
        return fields

    @model_validator(mode="after")
    def _check_origin(self) -> DataSpec:
        if sum(origin is not None for origin in (self.path, self.source, self.hub)) != 1:
            raise ValueError("set exactly one of 'path' (files), 'hub' (a dataset on the Hub) and 'source' (a registered source)")
        if self.hub is None and self.revision:
            raise ValueError("'revision' needs 'hub'")
        if self.hub is None and self.subset and not isinstance(self.path, str):
            raise ValueError("'subset' needs 'hub', or a 'path' that is one folder or file")
        if self.source is None and self.options:
            raise ValueError("'options' need 'source'")
        return self
