"""Whether two names are those of one base model: a trainer writes the name of a repository, a quantized copy of it, or a path of its own
machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.engine.models import weight_files
from harness.store import hash_file

_CACHED = re.compile(r"models--[^/\\]+?--([^/\\]+)[/\\]snapshots[/\\]")  # the cache of the Hub: models--ORG--NAME/snapshots/COMMIT
_QUANTIZED = re.compile(r"(-unsloth)?(-bnb-4bit)$")  # how Unsloth calls its 4-bit copies


def is_same_base(trained_on: str, *names: str) -> bool:
    """Whether the name in an adapter's configuration may be that of a model with one of these names. An empty name says nothing."""
    return not trained_on or any(_plain(trained_on) == _plain(name) for name in names)


def has_same_weights(trained_on: str, folder: Path, base: Path) -> bool:
    """Whether the name is a path of this machine, absolute or from the adapter's folder, to a model with the weights in `base`."""
    place = os.path.join(folder, trained_on)
    if not os.path.isfile(os.path.join(place, "config.json")):
        return False
    named, own = ([(file.name, hash_file(file)) for file in weight_files(each)] for each in (Path(place), base))
    return bool(named) and named == own


def _plain(name: str) -> str:
    cached = _CACHED.search(name)
    last = cached.group(1) if cached else re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return _QUANTIZED.sub("", last.casefold().removesuffix(".gguf"))
