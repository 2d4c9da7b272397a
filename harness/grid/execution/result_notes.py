"""Notes on a cell's result, from its model, its prompts, its training, or its external outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.engine.adapters import leaves_experts_out
from harness.engine.models import LoadedModel, stacked_experts
from harness.engine.prompts import EncodedPrompt
from harness.types import CellNote, CellResult, Example, HostedMeasurement, Prediction, Strategy, Task

_SHOWN_TEXTS = 3


def notes_on_experts(loaded: LoadedModel, strategy: Strategy) -> list[CellNote]:
    """Notes on a mixture of experts whose experts the strategy's adapter or quantization leaves as they are."""
    weights = sum(stacked_experts(loaded.model).values())
    if not weights:
        return []
    percent = {"percent": round(100 * weights / loaded.parameters)}
    notes = []
    if strategy.has_adapter and leaves_experts_out(strategy):
        notes.append(CellNote("experts_without_adapter", percent))
    if strategy.quantization is not None:
        notes.append(CellNote("experts_not_quantized", percent))
    return notes


def notes_on_artifact(strategy: Strategy) -> list[CellNote]:
    """Notes on weights that were trained elsewhere: of what kind they are, and what is not known about them."""
    spec = strategy.artifact
    if spec is None:
        return []
    method = str(strategy.adapter.get("peft_type", ""))
    base = Path(spec.trained_on)
    shown = base.name if base.is_absolute() else spec.trained_on  # a folder of the other machine may name its user
    names = f"{method} on {shown}" if shown else method
    notes = [CellNote("foreign_adapter", texts=(names,)) if spec.kind == "adapter" else CellNote("foreign_model")]
    return [*notes, *([CellNote("test_examples_unseen", texts=(spec.unseen,))] if spec.unseen else [])]


def notes_on_prompts(prompts: Sequence[EncodedPrompt], shots: int) -> list[CellNote]:
    """Notes on prompts that were cut, or that show fewer examples than the strategy asks for.

    Args:
        shots: the number of examples that a prompt should show.
    """
    notes = []
    truncated = sum(prompt.truncated for prompt in prompts)
    if truncated:
        notes.append(CellNote("prompts_truncated", {"count": truncated, "total": len(prompts)}))
    fewer = [prompt.shots for prompt in prompts if prompt.shots < shots]
    if fewer:
        numbers = {"count": len(fewer), "total": len(prompts), "shots": shots, "fewest": min(fewer)}
        notes.append(CellNote("shots_omitted", numbers))
    return notes


def notes_on_training(result: CellResult) -> list[CellNote]:
    """Notes on the training of a cell; none if nothing was trained."""
    training = result.training
    if training is None:
        return []
    notes = []
    if training.truncated:
        notes.append(CellNote("training_examples_truncated", {"count": training.truncated, "total": training.examples}))
    if training.objective == "dpo" and training.examples < result.cell.train_size:
        notes.append(CellNote("examples_without_pair", {"pairs": training.examples, "total": result.cell.train_size}))
    if training.preferences is not None:
        notes.append(CellNote("preferences", {"count": training.preferences[0], "total": training.preferences[1]}))
    if training.overfitting:
        notes.append(CellNote("overfitting", {"best_step": training.best_step}))
    if training.stopped_early:
        notes.append(CellNote("stopped_early", {"step": training.steps, "best_step": training.best_step}))
    memory = training.memory
    if memory.step != "as-planned":
        now, before = memory.tokens_per_second, memory.tokens_per_second_before
        speed = round(100 * now / before) if now and before else 0
        numbers = {"tokens": memory.micro_batch_tokens, "speed": speed, "devices": memory.devices}
        notes.append(CellNote("memory_step", numbers, (memory.step, memory.step_of_each)))
    if training.trained_together > 1:
        notes.append(CellNote("trained_together", {"count": training.trained_together}))
    if training.best_validation_loss is None:
        notes.append(CellNote("no_validation_examples"))
    return notes


def notes_on_hosted_answers(
    task: Task, measured: HostedMeasurement, refusals: Sequence[str], predictions: Sequence[Prediction]
) -> list[CellNote]:
    """Notes on the answers of a hosted model: who answered, and which answers count as wrong or may not be those of another day.

    Args:
        refusals: the host's reasons.
    """
    milliseconds = {"median": round(1000 * measured.median_seconds), "slow": round(1000 * measured.slow_seconds)}
    about = {"tokens": measured.tokens_in + measured.tokens_out, "at_once": measured.at_once, **milliseconds}
    notes = [CellNote("hosted_model", about, (measured.model, measured.host))]
    answered = measured.versions[0][0] if measured.versions else measured.model
    if not _names_agree(measured.model, answered):
        notes.append(CellNote("another_model", texts=(measured.model, answered)))
    if len(measured.versions) > 1 or len(measured.fingerprints) > 1:
        names = [name for name, _ in (*measured.versions, *measured.fingerprints)] if len(measured.versions) > 1 else []
        names = names or [name for name, _ in measured.fingerprints]
        notes.append(CellNote("host_changed", {"count": len(names)}, tuple(names[:_SHOWN_TEXTS])))
    total = measured.answers
    if measured.refused:
        notes.append(CellNote("requests_refused", {"count": measured.refused, "total": total}, tuple(refusals[:1])))
    if measured.filtered:
        notes.append(CellNote("answers_filtered", {"count": measured.filtered, "total": total}))
    if measured.cut and task.chooses:
        notes.append(CellNote("answers_cut", {"count": measured.cut, "total": total}))
    unmatched = [p.output for p in predictions if p.extracted is None] if task.chooses else []
    if unmatched:
        notes.append(CellNote("outputs_without_label", {"count": len(unmatched), "total": total}, tuple(unmatched[:_SHOWN_TEXTS])))
    if measured.cached:
        notes.append(CellNote("answers_from_cache", {"count": measured.cached, "total": total}, (measured.first_asked[:10],)))
    if measured.uncounted:
        notes.append(CellNote("tokens_estimated", {"count": measured.uncounted, "total": total}))
    if measured.unanswered:
        notes.append(CellNote("requests_unanswered", {"count": measured.unanswered}))
    if "probabilities" in task.metrics and not all(p.label_logprobs for p in predictions):
        notes.append(CellNote("label_probabilities_missing"))
    return notes


def _names_agree(asked: str, answered: str) -> bool:
    """Whether one name may be a longer form of the other: with a version, an organisation or a path."""
    one, other = (name.casefold().rsplit("/", 1)[-1] for name in (asked, answered))
    return one.startswith(other) or other.startswith(one)


def notes_on_cascade(task: Task, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[CellNote]:
    """Notes on answers that were passed on and lack something: an output, or the probabilities of labels."""
    notes = _notes_on_missing(examples, predictions)
    if "probabilities" in task.metrics and not all(p.label_logprobs for p in predictions):
        notes.append(CellNote("label_probabilities_missing"))
    return notes


def notes_on_external_outputs(task: Task, file: Path, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[CellNote]:
    """Notes on external outputs: their file, and which of them cannot be scored as they should."""
    notes = [CellNote("external_outputs", texts=(file.name,)), *_notes_on_missing(examples, predictions)]
    unmatched = [p.output for p in predictions if p.extracted is None] if task.chooses else []
    if unmatched:
        numbers = {"count": len(unmatched), "total": len(predictions)}
        notes.append(CellNote("outputs_without_label", numbers, tuple(unmatched[:_SHOWN_TEXTS])))
    if "probabilities" in task.metrics and not all(p.label_logprobs for p in predictions):
        notes.append(CellNote("label_probabilities_missing"))
    return notes


def _notes_on_missing(examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[CellNote]:
    answered = {prediction.example_id for prediction in predictions}
    missing = [example.id for example in examples if example.id not in answered]
    numbers = {"count": len(missing), "total": len(examples)}
    return [CellNote("outputs_missing", numbers, tuple(missing[:_SHOWN_TEXTS]))] if missing else []
