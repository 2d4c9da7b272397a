"""bench: an evaluation-first benchmark for fine-tuning language models.

    from harness import run, load_run

    finished = run(task="summarization", strategies=["lora", "qlora"])
    for cell in finished.cells:
        print(cell.strategy, finished.scores(cell.id)["rougeL"].value)

`compare` holds two strategies against each other, `score` takes outputs that were made elsewhere. The names are loaded on first use, so
that importing the package stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import compare, load_run, run, score

__version__ = "0.1.0"
_FUNCTIONS = ("compare", "load_run", "run", "score")
__all__ = ["__version__", "compare", "load_run", "run", "score"]


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        from harness import api

        return getattr(api, name)
    raise AttributeError(f"module 'harness' has no attribute '{name}'")
