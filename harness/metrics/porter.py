"""NLTK for its Porter stemmer, which ROUGE and the scores of faithfulness use, imported without what the stemmer does not need.

NLTK imports scikit-learn and SciPy for its classifiers if they are installed. In a process that has torch and transformers, that takes
0.9 s and 100 MiB instead of 0.1 s and 18 MiB, and every cell is a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from threading import get_ident
from types import ModuleType

_OPTIONAL = ("sklearn", "scipy")


class _NotForNltk(MetaPathFinder):
    """Hides optional packages from the thread that imports NLTK. Other threads may import them at the same time."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if get_ident() == self._thread and fullname.partition(".")[0] in _OPTIONAL:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


def import_stemmer() -> None:
    """Import NLTK, for this process, before anything imports its stemmer. What is imported already, by a plug-in for instance, stays."""
    if "nltk" in sys.modules:
        return
    finder = _NotForNltk()
    sys.meta_path.insert(0, finder)
    try:
        import nltk  # noqa: F401
    finally:
        with suppress(ValueError):
            sys.meta_path.remove(finder)
