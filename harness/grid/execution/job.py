"""What the process of a cell is told, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Job:
    """What a worker needs besides the run folder. It is sent as JSON.

    `run`, `model_folder` and `cache_folder` are absolute paths; `checkpoint_every` is in seconds; `at_once` is the number of cells that
    share the device at a time. `trust_remote_code` is the consent of the request that is carried out: the run folder may be a stranger's,
    so its run.json cannot give it. `plugins` are the files that the user named, with the digest that each must have. `support_model` has
    the fields of the `ModelSource` that scores support, and is empty for tasks without that metric; `trusts_support_model` allows its code.
    """

    run: str
    cell: str
    model_folder: str
    device: Mapping[str, str]
    cache_folder: str
    checkpoint_every: float
    at_once: int = 1
    trust_remote_code: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    support_model: Mapping[str, str | None] = field(default_factory=dict)
    trusts_support_model: bool = False
