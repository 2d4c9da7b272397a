"""What a reader of a cell's result must know."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.prompts import EncodedPrompt
from harness.types import CellResult


def notes_on(result: CellResult, prompts: Sequence[EncodedPrompt], shots: int) -> tuple[str, ...]:
    """Notes on the prompts and on the training of a cell, as sentences."""
    notes = []
    if result.truncated_prompts:
        notes.append(
            f"{result.truncated_prompts} of {len(prompts)} test prompts were longer than the context: the end of their input was cut."
        )
    training = result.training
    if training and training.truncated:
        notes.append(f"{training.truncated} of {training.examples} training rows were longer than the context and were cut.")
    if training and training.overfitting:
        notes.append(
            f"Overfitting: validation loss rose after step {training.best_step} while training loss fell. The best weights are used."
        )
    if training and training.stopped_early:
        notes.append(f"Stopped early at step {training.steps}: validation had not become better since step {training.best_step}.")
    if training and training.best_validation_loss is None:
        notes.append("There were no validation rows: the weights of the last step are used.")
    return (*notes, *_shot_notes(prompts, shots))


def _shot_notes(prompts: Sequence[EncodedPrompt], wanted: int) -> tuple[str, ...]:
    """Whether examples had to be left out of some prompts."""
    fewer = [prompt.shots for prompt in prompts if prompt.shots < wanted]
    if not fewer:
        return ()
    least = f", {min(fewer)} at least" if min(fewer) else ", none in some"
    return (f"{len(fewer)} of {len(prompts)} test prompts show fewer than {wanted} examples{least}: more do not fit into the context.",)
