"""The stemmer comes without scikit-learn and SciPy, which take a cell a second and 100 MiB, and leaves both importable."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.metrics.porter import _NotForNltk

SCORES = """
from harness.metrics.faithfulness.content_words import stem
from harness.metrics.similarity.rouge import rouge_scores
scores = rouge_scores("The patients\\nwere coughing.", ("The patient\\nwas coughing badly.",))
assert stem("coughing") == "cough" and scores.rougeLsum == 2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5), scores
"""

PLUG_IN = """
from nltk.classify import SklearnClassifier
from nltk.metrics import BigramAssocMeasures
from nltk.stem.porter import PorterStemmer
from sklearn.naive_bayes import BernoulliNB
assert 0.99 < BigramAssocMeasures.fisher(8, (15, 20), 100) < 1 and PorterStemmer().stem("coughing") == "cough"
assert SklearnClassifier(BernoulliNB()).train([({"a": 1}, "x"), ({"b": 1}, "y")]).classify({"a": 1}) == "x"
"""


def run(*programs: str) -> None:
    """Programs one after the other, in one new process: what one of them imports must not be here for another test."""
    text = "\n".join(["import sys", "big = lambda: {'scipy', 'sklearn'} & set(sys.modules)", *programs])
    done = subprocess.run([sys.executable, "-W", "error", "-c", text], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_scores_with_stems_import_no_large_package() -> None:
    run(SCORES, "assert not big(), big()")


def test_a_plug_in_that_imports_nltk_later_gets_all_of_it() -> None:
    """Its test of association needs SciPy, and its classifier scikit-learn."""
    run(SCORES, PLUG_IN, SCORES)


@pytest.mark.parametrize("first", ["import nltk", "import scipy.stats, sklearn.metrics"])
def test_what_is_imported_already_stays(first: str) -> None:
    run(first, "before = {name: id(module) for name, module in sys.modules.items() if name.startswith(('nltk', 'scipy', 'sklearn'))}",
        SCORES, "assert before.items() <= {name: id(module) for name, module in sys.modules.items()}.items()", PLUG_IN)  # fmt: skip


def test_another_thread_can_import_them_at_the_same_time() -> None:
    """A server scores in one thread and computes intervals in another."""
    finder = _NotForNltk()
    with pytest.raises(ModuleNotFoundError, match="scipy"):
        finder.find_spec("scipy.stats", None)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(finder.find_spec, "scipy.stats", None).result() is None, "the next finder finds it"
    assert finder.find_spec("numpy", None) is None
