"""Match predictions with their examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.errors import BenchError
from harness.types import Example, Prediction


class MissingPrediction(Prediction):
    """Takes the place of a prediction that does not exist. It is always wrong, even where "no answer" would be right."""

    __slots__ = ()


def join(examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[tuple[Example, Prediction]]:
    """Every example with its prediction, joined on the id, in the order of the examples.

    An example without a prediction gets a `MissingPrediction`, which scores as wrong. It is not dropped.

    Raises:
        BenchError: a prediction has no example, or several share an id.
    """
    by_id = {p.example_id: p for p in predictions}
    known = {e.id for e in examples}
    problems = [f"there is a prediction for '{name}', but no example has that id" for name in by_id if name not in known]
    problems += [f"there are {n} predictions for '{name}'" for name, n in Counter(p.example_id for p in predictions).items() if n > 1]
    problems += [f"there are {n} examples with the id '{name}'" for name, n in Counter(e.id for e in examples).items() if n > 1]
    if problems:
        raise BenchError([*problems[:5], *([f"… and {len(problems) - 5} more"] if len(problems) > 5 else [])])
    return [(e, by_id.get(e.id) or MissingPrediction(e.id, "")) for e in examples]
