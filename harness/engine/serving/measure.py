"""The speed of a finished cell's model: as it was scored, and with its adapter merged where that is possible."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from harness.data.pipeline import sample
from harness.engine.artifacts import load_finished, merge_for_speed
from harness.engine.inference import Predictor
from harness.engine.models import Device, ModelSource
from harness.engine.serving.speed import LARGEST_BATCH, SpeedProbe, measure_speed
from harness.errors import BenchError
from harness.results import FinishedCell
from harness.types import ServingSpeed

_MOST_INPUTS = 200  # of the test set: enough for an interval of a 95th percentile
_SEED = 0  # all strategies answer the same inputs


def measure_serving(
    finished: FinishedCell,
    source: ModelSource,
    device: Device,
    seconds: float,
    *,
    trust_remote_code: bool = False,
    on_form: Callable[[str], None] = lambda _: None,
) -> tuple[tuple[ServingSpeed, ...], str]:
    """Load the cell's model as it was scored, and time it.

    Args:
        seconds: the time that the measurement may take, without loading and merging. Two forms of the weights share it.
        on_form: receives each form before it is measured.

    Returns:
        The speed of each form, and why an adapter was not measured merged; empty where it was, or where there is none.

    Raises:
        BenchError: the model cannot be loaded.
    """
    predictor = load_finished(finished, source, device, trust_remote_code=trust_remote_code)
    has_adapter = finished.strategy.has_adapter
    on_form("stored")
    begin = time.perf_counter()
    share = seconds / 2 if has_adapter else seconds
    with predictor.writing():
        stored = measure_speed("stored", _probe(finished, predictor), share)
    if not has_adapter:
        return (stored,), ""
    try:
        merged = merge_for_speed(finished, predictor, source, device, trust_remote_code=trust_remote_code)
    except BenchError as error:
        return (stored,), str(error)
    on_form("merged")
    left = max(share, seconds - (time.perf_counter() - begin))
    with merged.writing():
        return (stored, measure_speed("merged", _probe(finished, merged), min(share, left))), ""


def _probe(finished: FinishedCell, predictor: Predictor) -> SpeedProbe:
    examples = sample(finished.run.examples(finished.task.name), _MOST_INPUTS, _SEED)
    pairs = list(zip(examples, predictor.prompts(examples), strict=True))
    answer, max_rows = predictor.batch_function()
    task = predictor.task
    if predictor.shape == "encoder":
        return SpeedProbe(answer, None, LARGEST_BATCH, pairs)
    if task.chooses:
        return SpeedProbe(answer, None, max_rows, pairs)
    one_token = task.model_copy(update={"decode": task.decode.model_copy(update={"max_new_tokens": 1})})
    return SpeedProbe(answer, replace(predictor, task=one_token).batch_function()[0], LARGEST_BATCH, pairs)
