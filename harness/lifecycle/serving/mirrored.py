"""What a mirror of a registry receives, and what it reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from harness.errors import BenchError, did_you_mean_one, setting
from harness.gate import Stage

MIRRORS = ("mlflow",)  # each is also the extra that installs it, and the module that it needs
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class MirrorTarget:
    """Where models are mirrored to: a tool, and the name of the registered model there; None for the name of the task."""

    tool: str
    name: str | None = None

    def __str__(self) -> str:
        return self.tool if self.name is None else f"{self.tool}:{self.name}"


@dataclass(frozen=True)
class ServedModel:
    """A model of the registry.

    Attributes:
        digest: of its files.
        strategy: what it was trained with.
        tags: what else the mirror shows about it.
    """

    digest: str
    strategy: str
    stage: Stage
    tags: Mapping[str, str]


@dataclass(frozen=True)
class MirroredVersion:
    """A version in the mirror, and whether it was uploaded by this call."""

    model: ServedModel
    version: str
    is_new: bool


def parse_mirror_target(text: str, parameter: str) -> MirrorTarget:
    """Read "mlflow", or "mlflow:NAME".

    Args:
        parameter: what the caller's parameter is called, for messages.

    Raises:
        BenchError: the tool is unknown, or its package is not installed; the name is not allowed.
    """
    tool, colon, name = text.partition(":")
    if tool not in MIRRORS:
        raise BenchError(f"{setting(parameter, text)}: unknown registry.{did_you_mean_one(tool, MIRRORS)}")
    if colon and not _NAME.fullmatch(name):
        raise BenchError(
            f"{setting(parameter, text)}: a name has letters, digits, dots, dashes and underscores, such as {tool}:visits-writer"
        )
    if find_spec(tool) is None:
        raise BenchError(f"{setting(parameter, text)}: {tool} is not installed. Install it: pip install 'finetune-bench[{tool}]'")
    return MirrorTarget(tool, name or None)
