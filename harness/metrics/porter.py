"""rouge-score and the Porter stemmer of NLTK, imported without what the stemmer does not need.

NLTK imports scikit-learn and SciPy, for classifiers, parsers and tests of association, if they are installed. In a process that has torch
and transformers, that takes 0.9 s and 100 MiB instead of 0.1 s and 18 MiB, and every cell is a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from threading import Lock, get_ident
from types import ModuleType
from typing import Any

_OPTIONAL = ("sklearn", "scipy")
_one_at_a_time = Lock()


class _NotForNltk(MetaPathFinder):
    """Hides optional packages from the thread that imports NLTK. Other threads may import them at the same time."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if get_ident() == self._thread and fullname.partition(".")[0] in _OPTIONAL:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


@cache
def porter_stemmer() -> Any:
    """NLTK's stemmer."""
    import_rouge_score()
    from rouge_score import tokenizers

    return tokenizers.porter.PorterStemmer()


def import_rouge_score() -> None:
    """Import rouge-score with NLTK's stemmer, before anything else does. NLTK itself is forgotten again: a plug-in that imports it later
    gets all of it. If a plug-in has imported it already, that one is used."""
    with _one_at_a_time:
        if "rouge_score.rouge_scorer" in sys.modules:
            return
        is_new = "nltk" not in sys.modules
        finder = _NotForNltk()
        if is_new:
            sys.meta_path.insert(0, finder)
        try:
            from rouge_score import rouge_scorer, tokenizers  # noqa: F401
        finally:
            if is_new:
                sys.meta_path.remove(finder)
                for name in [each for each in sys.modules if each.partition(".")[0] == "nltk"]:
                    del sys.modules[name]
