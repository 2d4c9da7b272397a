"""bench: an evaluation-first benchmark for fine-tuning language models.

    from harness import run

    finished = run("summarization", ["lora", "qlora"])
    finished.summary()        # a pandas data frame: quality, difference to the untuned model, costs
    finished.write_report()

`load_run` opens a stored run, `plan` shows what a test set can detect, `compare` compares strategies, `score` scores external outputs, and
`gate` decides whether a model may replace the current one. Further functions are in `harness.api`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import Run, anonymize_data, check_data, clean_data, compare, gate, load_run, plan, run, score
    from harness.errors import BenchError
    from harness.gate import Verdict
    from harness.plugins import Plugin
    from harness.types import Strategy, Task

    __version__: str

__all__ = [
    "BenchError",
    "Plugin",
    "Run",
    "Strategy",
    "Task",
    "Verdict",
    "__version__",
    "anonymize_data",
    "check_data",
    "clean_data",
    "compare",
    "gate",
    "load_run",
    "plan",
    "run",
    "score",
]
# Names are loaded on first use, so that `import harness` stays cheap.
_MODULES = {
    "BenchError": "harness.errors",
    "Plugin": "harness.plugins",
    "Strategy": "harness.types",
    "Task": "harness.types",
    "Verdict": "harness.gate",
    "gate": "harness.api",
} | dict.fromkeys(("Run", "anonymize_data", "check_data", "clean_data", "compare", "load_run", "plan", "run", "score"), "harness.api")


class _Package(ModuleType):
    """The package, whose `gate` is the function although a folder has the same name.

    Importing `harness.gate` sets that attribute to the folder's module. `from harness.gate import …` works in any case.
    """

    @property
    def gate(self) -> Any:
        return __getattr__("gate")

    @gate.setter
    def gate(self, module: ModuleType) -> None: ...


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("finetune-bench")
    if name not in _MODULES:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _Package
