"""Keeps the libraries' own chatter from users: progress bars of weight loading, a warning about an optional package."""

from __future__ import annotations

import logging
import os
import warnings


def quiet_libraries() -> None:
    """Call before transformers or bitsandbytes are used. Errors still come through."""
    # bitsandbytes recommends a package that would then reach for a hub at run time.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # What one library tells another of its next version is for their authors.
    for category in (FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=r"(transformers|peft|torch|accelerate|bitsandbytes)\b")
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
