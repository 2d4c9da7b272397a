"""The regular expressions in an adapter's configuration, which PEFT matches against the name of every layer.

An expression of a stranger may take forever on a short name, and nothing interrupts Python's matcher. So expressions are tried in a
process of their own first, which is ended when they take too long.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.engine.foreign.adapter_config import ADAPTER_CONFIG
from harness.errors import BenchError
from harness.text import one_line
from harness.types import Strategy

_SECONDS = 10.0  # of which starting the process takes a tenth of one; PEFT's own matching takes milliseconds
_WORD = "all-linear"
_TEXTS = ("target_modules", "exclude_modules", "layers_pattern")
_KEYS = ("rank_pattern", "alpha_pattern")
# The ways in which PEFT 0.21 uses an expression: for whole names, for their end, and for the list of layers in them.
_TRY = """
import json, re, sys
pattern, names = json.load(sys.stdin)
try:
    forms = [re.compile(form) for form in (pattern, rf"(.*\\.)?({pattern})$", rf".*\\.{pattern}\\.(\\d+)\\.")]
except (re.error, OverflowError, RecursionError) as error:
    print(error)
    sys.exit(1)
for name in names:
    for form in forms:
        form.fullmatch(name), form.match(name)
"""


def check_patterns(strategy: Strategy, model: Any, folder: Path) -> None:
    """Check that no expression is a danger to PEFT's matching.

    Raises:
        BenchError: an expression is not valid, or takes too long on the names of the model's layers.
    """
    names = [name for name, _ in model.named_modules()]
    for field, pattern in _list_patterns(strategy):
        place = f"{folder / ADAPTER_CONFIG}: {field}: {one_line(pattern, 80)!r}"
        try:
            tried = subprocess.run(
                [sys.executable, "-I", "-c", _TRY],
                input=json.dumps([pattern, names]),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"{place} takes too long to match. List the names of the layers instead.") from None
        if tried.returncode:
            raise BenchError(f"{place} is no valid expression: {one_line(tried.stdout, 200)}")


def _list_patterns(strategy: Strategy) -> Iterator[tuple[str, str]]:
    """The expressions, without names of layers that are listed."""
    adapter = strategy.adapter
    texts = [(field, adapter.get(field)) for field in _TEXTS]
    listed = adapter.get("layers_pattern")
    texts += [("layers_pattern", each) for each in (listed if isinstance(listed, list | tuple) else ())]
    yield from ((field, text) for field, text in texts if isinstance(text, str) and text.lower() != _WORD)
    for field in _KEYS:
        patterns = adapter.get(field)
        names = map(str, patterns) if isinstance(patterns, dict) else ()
        yield from ((field, name) for name in names if not name.replace("_", "").isalnum())
