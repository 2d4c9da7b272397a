"""Libraries made quiet: no progress bars of weight loading, no warnings that only concern programmers."""

from __future__ import annotations

import logging
import os
import warnings

from harness.garbage import without_garbage_collection


def quiet_libraries() -> None:
    """Silence the libraries; call it before transformers or bitsandbytes are used. Errors are still shown."""
    # bitsandbytes recommends a package that would then connect to a hub at run time.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Announcements of future versions concern the authors of the calling library.
    for category in (FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=r"(transformers|peft|torch|accelerate|bitsandbytes)\b")
    with without_garbage_collection():
        import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
