"""How confident a model is in an answer, from what it computed anyway: 0 is a guess, 1 is certain.

| answer | confidence |
| --- | --- |
| a label | the margin: the probability of the most likely label less that of the next one |
| a text | the geometric mean of the likelihoods of its tokens, exp of their mean logarithm |

The numbers need not be calibrated: they only order answers, and their reader chooses a threshold on examples with known answers.
"""

from __future__ import annotations

import math

from harness.metrics.labels import normalize_likelihoods
from harness.types import Prediction


def answer_confidence(prediction: Prediction) -> float:
    """The confidence in an answer, from 0 to 1; 0 where the model left no likelihoods, or none that is a number."""
    if prediction.label_logprobs:
        if not all(map(math.isfinite, prediction.label_logprobs)):
            return 0.0
        ordered = sorted(normalize_likelihoods(prediction.label_logprobs), reverse=True)
        return ordered[0] - ordered[1] if len(ordered) > 1 else ordered[0]
    mean = prediction.mean_logprob
    return math.exp(min(mean, 0.0)) if mean is not None and math.isfinite(mean) else 0.0
