"""PEFT and bitsandbytes, imported without TorchInductor, torch's compiler, which few processes use.

bitsandbytes, which PEFT imports, gives four functions to `torch.compile` as it is imported. That imports the compiler, which takes 1.3 s
and 45 MiB in each process. These functions are compiled at their first call instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial, wraps
from threading import Lock
from typing import Any

from harness.garbage import without_garbage_collection

_one_at_a_time = Lock()


def import_peft() -> None:
    """Import PEFT and bitsandbytes, before anything else does."""
    with _one_at_a_time:
        if "peft" in sys.modules:
            return
        import torch

        at_once = torch.compile
        torch.compile = partial(_compile_at_first_call, at_once)
        try:
            with without_garbage_collection():
                import peft  # noqa: F401
        finally:
            torch.compile = at_once


def _compile_at_first_call(compile_function: Callable[..., Any], model: Callable[..., Any] | None = None, **options: Any) -> Any:
    """As `torch.compile`: takes a function, or only options, and then returns a decorator."""
    if model is None:
        return partial(_compile_at_first_call, compile_function, **options)
    compiled = cache(lambda: compile_function(model, **options))

    @wraps(model)
    def call(*args: Any, **kwargs: Any) -> Any:
        return compiled()(*args, **kwargs)

    return call
