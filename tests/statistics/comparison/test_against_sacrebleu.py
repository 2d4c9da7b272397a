"""sacrebleu's paired test and our paired bootstrap say the same of the same outputs.

Its two-sided test is approximate randomization. Its own paired bootstrap centres the absolute differences, and so is one-sided where the
difference is clear: about half of ours there.
"""

from __future__ import annotations

import random

import pytest
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from harness.metrics import metrics_for
from harness.statistics import compare_scores, statistic_stack
from harness.types import Example, Prediction

_TEXT = "the patient has mild pain in the left knee since monday and takes ibuprofen twice a day with food"
WORDS = _TEXT.split()


def outputs(rng: random.Random, references: list[str], kept: float) -> list[str]:
    return [" ".join(word if rng.random() < kept else rng.choice(WORDS) for word in text.split()) for text in references]


@pytest.mark.parametrize(("name", "theirs"), [("bleu", BLEU), ("chrf", CHRF)])
@pytest.mark.parametrize("better", [0.60, 0.62, 0.66])
def test_differences_and_p_values_agree(name: str, theirs: type, better: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(f"{name}{better}")
    references = [" ".join(rng.choices(WORDS, k=rng.randint(6, 20))) for _ in range(150)]
    first, second = outputs(rng, references, 0.60), outputs(rng, references, better)
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    _, results = PairedTest([("a", first), ("b", second)], {"m": theirs()}, [references], test_type="ar", n_samples=4000)()
    base, system = results["m"] if "m" in results else next(v for k, v in results.items() if k != "System")
    examples = [Example(str(i), {"input": "x"}, (text,)) for i, text in enumerate(references)]
    metric = metrics_for([name], [])[0]
    stacks = [statistic_stack(metric, examples, [[Prediction(str(i), text) for i, text in enumerate(side)]]) for side in (first, second)]
    result = compare_scores(*stacks, metric=metric, margin=1.0, resamples=4000)
    assert result.difference == pytest.approx(system.score - base.score, abs=1e-9)
    assert result.p_value == pytest.approx(system.p_value, abs=0.05)
