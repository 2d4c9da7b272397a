"""Whether a run that comes from another machine holds what its model answers: the model answers some of its test examples again here.

Digests reveal damage, not forgery: a person who edits the stored outputs of a run can also write new digests.
"""

from __future__ import annotations

import random

from harness.errors import BenchError
from harness.gate.verdict import VerdictNote
from harness.results import FinishedCell, StrategyResult

SAMPLE = 32  # test examples; outputs that were replaced for a tenth of the test set escape such a sample in 1 of 30 cases
_LARGEST_SHARE = 0.1  # of the sample may differ, because another machine rounds differently


def check_origin(model: StrategyResult, model_path: str | None = None) -> VerdictNote | None:
    """Check the stored outputs of a model whose run comes from another machine; None for a run of this machine, and for external outputs.

    Args:
        model: a strategy with one cell.
        model_path: where the base model is, if its name does not tell.

    Raises:
        BenchError: the base model is not here, or the model's answers are not the stored ones.
    """
    if model.external or model.run.folder.was_made_here():
        return None
    from harness.engine.artifacts import device_for, find_base, load_finished

    finished = FinishedCell(model.run, model.cell)
    stored = {prediction.example_id: prediction for prediction in model.predictions(model.cell)}
    answered = [example for example in model.examples if example.id in stored]
    sample = random.SystemRandom().sample(answered, min(SAMPLE, len(answered)))  # which a forger cannot know
    predictor = load_finished(finished, find_base(finished, model_path), device_for(model.run))
    differing = [p for p in predictor.predict(sample) if p.answer != stored[p.example_id].answer]
    if len(differing) > _LARGEST_SHARE * len(sample):
        example = differing[0].example_id
        share = f"{len(differing)} of {len(sample)} test examples have another output when the model answers them here"
        raise BenchError(
            f"{model.run.path}: comes from another machine, and its stored outputs are not those of its model: {share}, such as "
            f"'{example}'. Repeat the run on this machine."
        )
    return VerdictNote("foreign_run", {"checked": len(sample), "differing": len(differing)}, {"run": (model.run.name,)})
