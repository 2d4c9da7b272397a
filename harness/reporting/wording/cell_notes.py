"""Notes on a cell's result, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from harness.text import one_line
from harness.types import CellNote, MemoryStep, NoteCode

_SENTENCES: dict[NoteCode, str] = {
    "support_texts_cut": "Support: {count:,} texts of {total:,} outputs were too long for its model; their end was not read.",
    "prompts_truncated": "{count:,} of {total:,} test prompts exceeded the context; the end of their input was cut.",
    "training_examples_truncated": "{count:,} of {total:,} training examples exceeded the context and were cut.",
    "examples_without_pair": "{pairs:,} of {total:,} training examples are preference pairs; the others were not used.",
    "preferences": (
        "Preferences: after training, the preferred answer has become more likely relative to the rejected one in {count:,} of {total:,} "
        "validation pairs."
    ),
    "shots_omitted": (
        "{count:,} of {total:,} test prompts show fewer than {shots} examples (at least {fewest}), because more do not fit into the "
        "context."
    ),
    "overfitting": (
        "Overfitting: validation loss rose after step {best_step} while training loss kept falling. The weights with the lowest validation "
        "loss are used."
    ),
    "stopped_early": "Training stopped early at step {step}: validation loss had not improved since step {best_step}.",
    "trained_together": "Trained together with other cells of the same base model ({count} in all): they shared their steps, and the time "
    "is divided among them by tokens. The memory is that of all of them, and the cost is not that of a training alone.",
    "memory_step": "Memory: the training fits its device with {memory_step} (micro-batches of {tokens:,} tokens{memory_speed}).",
    "no_validation_examples": "There were no validation examples, so the weights of the last step are used.",
    "foreign_adapter": (
        "An adapter that was tuned elsewhere ({names}). What it was trained on is not known, so it may have seen test examples; neither "
        "are the costs of its training."
    ),
    "foreign_model": (
        "A whole model that was tuned elsewhere. What it was trained on is not known, so it may have seen test examples; neither are the "
        "costs of its training."
    ),
    "test_examples_unseen": "Stated, and not checked: no test example was among its training data ({names}).",
    "external_outputs": "External outputs ({texts}).",
    "hosted_model": (
        "A hosted model ({names}), which read and wrote {tokens:,} tokens. Half of its answers came within {median:,} ms, 95% within "
        "{slow:,} ms, with up to {at_once} requests at a time."
    ),
    "another_model": "The host names another model than the one that was asked for ({names}). Check that it is the same.",
    "host_changed": "The host changed the model while it was asked: {count} versions or systems have answered ({names}).",
    "requests_refused": "{count:,} of {total:,} requests were refused by the host ({names}); they count as wrong.",
    "answers_filtered": "{count:,} of {total:,} answers were ended by the content filter of the host.",
    "answers_cut": "{count:,} of {total:,} answers were cut: they had as many tokens as were allowed (api.max_new_tokens).",
    "answers_from_cache": "{count:,} of {total:,} answers are from the cache here, the oldest of {names}; they were not paid again.",
    "tokens_estimated": "The host did not count the tokens of {count:,} of {total:,} answers; their cost is an estimate.",
    "requests_unanswered": "{count:,} requests had no answer that could be read. The host may charge for them; no cost here includes them.",
    "outputs_missing": "{count:,} of {total:,} test examples have no output ({texts}); they count as wrong.",
    "outputs_without_label": "{count:,} of {total:,} outputs do not match any label ({texts}); they count as wrong.",
    "experts_without_adapter": (
        "The adapter is on the layers outside the experts. The experts, {percent}% of the weights, are stored as one tensor per block, and "
        "stay as they are; full fine-tuning trains them, too."
    ),
    "experts_not_quantized": (
        "The experts, {percent}% of the weights, are stored as one tensor per block, which is not quantized: they take as much memory as "
        "without 4-bit weights."
    ),
    "label_probabilities_missing": "Without label probabilities, auroc, brier, log_loss and ece treat the given label as certain.",
}
_MEMORY_STEPS: dict[MemoryStep, str] = {
    "as-planned": "nothing changed",
    "smaller-micro-batches": "smaller micro-batches",
    "gradient-checkpointing": "gradient checkpointing",
    "offloaded-optimizer": "the optimizer's states on the CPU",
    "offloaded-weights": "weights and optimizer states on the CPU",
    "sharded": "weights divided among several devices",
}
_LONGEST_TEXT, _LONGEST_NAME = 40, 160


def note_sentence(note: CellNote) -> str:
    """The note as a sentence. Its texts come from files and models: control characters are made visible, and long texts are cut."""
    texts = _quoted(note.texts, note.numbers.get("count", len(note.texts)))
    step = _memory_step(note) if note.code == "memory_step" else ""
    speed = f", {note.numbers['speed']}% of the planned speed" if note.numbers.get("speed") else ""
    names = ", ".join(one_line(text, _LONGEST_NAME) for text in note.texts) or "not named"
    return _SENTENCES[note.code].format(**note.numbers, texts=texts, names=names, memory_step=step, memory_speed=speed)


def _memory_step(note: CellNote) -> str:
    """The last step of the ladder in words; of weights that are divided, also the last one that each process took."""
    steps = {str(step): words for step, words in _MEMORY_STEPS.items()}
    if "devices" in note.numbers:
        steps["sharded"] = f"weights divided among {note.numbers['devices']} devices"
    words = [steps.get(text, repr(text[:_LONGEST_TEXT])) for text in note.texts]
    return " and ".join(word for word, text in zip(words, note.texts, strict=True) if text != "as-planned")


def _quoted(texts: Sequence[str], count: int) -> str:
    """The texts in quotes, and a sign that there are more if `count` exceeds them."""
    quoted = [repr(text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…") for text in texts]
    return ", ".join([*quoted, *(["…"] if count > len(quoted) else [])])
