"""What a reader of a cell's result must know, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NoteCode = Literal[
    "prompts_truncated",  # count of total test prompts were cut to fit the context
    "training_examples_truncated",  # count of total training examples were cut to fit the context
    "examples_without_pair",  # only `pairs` of total training examples are preference pairs, and were trained on
    "preferences",  # with objective dpo, the better answer has gained on the worse one in count of total validation pairs
    "shots_omitted",  # count of total test prompts show fewer than `shots` examples, at least `fewest`
    "overfitting",  # validation loss rose after best_step while training loss fell
    "stopped_early",  # training ended at step, because validation loss had not improved since best_step
    # texts: the last step of the memory ladder, and that which each of several processes took besides; tokens: of a micro-batch; speed: in
    # percent of that as planned, 0 if unknown; devices: that trained it together
    "memory_step",
    "trained_together",  # count of cells shared their training steps
    "no_validation_examples",  # the weights of the last step were kept
    "foreign_adapter",  # texts: its method and the base model that it names
    "foreign_model",
    "test_examples_unseen",  # of what was tuned elsewhere, as a person states; texts: the statement
    "external_outputs",  # texts: the name of the file
    "hosted_model",  # texts: the model and the host; tokens of all prompts and answers; median and slow in ms; at_once
    "another_model",  # texts: the model that was asked for, and the one that most answers name
    "host_changed",  # count versions or systems have answered; texts: the first ones
    "requests_refused",  # count of total requests were refused for their text; texts: the first reason
    "answers_filtered",  # count of total answers were ended by the host's content filter
    "answers_cut",  # count of total answers had as many tokens as were allowed before they named a label
    "answers_from_cache",  # count of total answers were given to earlier runs; texts: the day of the oldest
    "tokens_estimated",  # of count of total answers, the host did not count the tokens
    "requests_unanswered",  # count requests had no answer that could be read, and may have been charged
    "outputs_missing",  # count of total test examples have no output; texts: the first ids
    "outputs_without_label",  # count of total outputs are not labels; texts: the first outputs
    "support_texts_cut",  # count of total outputs, or their inputs, were too long for the model that scores support
    "experts_without_adapter",  # percent of the weights are experts, which an adapter of all linear layers does not reach
    "experts_not_quantized",  # percent of the weights are experts, which are not in 4 bits
    "label_probabilities_missing",  # scores of probabilities treat the given label as certain
]


@dataclass(frozen=True)
class CellNote:
    """A note on a cell's result. `harness.reporting` words it."""

    code: NoteCode
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The counts and steps that belong to the code, by name."""
    texts: tuple[str, ...] = ()
    """Ids, outputs or file names that illustrate the note. They come from files and models, and may be hostile."""
