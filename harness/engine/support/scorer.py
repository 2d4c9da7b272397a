"""The model that scores support: the one that a task names, or the base model of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from harness.engine.models import Device, LoadedModel, ModelSource, head_labels, load_model, shape_of_model
from harness.engine.support.embedding import EmbeddingScorer
from harness.engine.support.entailment import EntailmentScorer, find_entailment_label
from harness.engine.support.likelihood import LikelihoodScorer
from harness.engine.support.output_batches import SourcedOutput
from harness.errors import BenchError
from harness.types import Shape, SupportKind

_RULES: Mapping[SupportKind, int] = {"likelihood": 1, "nli": 1, "embedding": 1}  # raise one when its numbers change


class SupportScorer(Protocol):
    """Scores outputs by one model. `cut` counts the texts of the last call that were too long to be read to their end."""

    cut: int

    def score(
        self, outputs: Sequence[SourcedOutput], *, done: Mapping[str, float], on_batch: Callable[[Mapping[str, float]], None]
    ) -> dict[str, float]:
        """The support of each output from 0 to 1, by its id.

        Args:
            outputs: those that are not empty.
            done: scores of an interrupted run.
            on_batch: receives the scores of each new batch.

        Raises:
            BenchError: the model computed numbers that are not finite.
        """


def is_scorer(kind: SupportKind, shape: Shape) -> bool:
    """Whether a model of this shape can be used in this way."""
    return (shape == "encoder") == (kind != "likelihood")


def scorer_fingerprint(kind: SupportKind, source: ModelSource, device: Device) -> str:
    """What determines the scores: the kind and its rules, the model, and the number format that it computes in."""
    dtype = device.dtype if kind == "likelihood" else "float32"
    return f"{kind}-{_RULES[kind]}:{source.digest[:16]}:{dtype}"


def check_scorer(kind: SupportKind, source: ModelSource, *, trust_remote_code: bool = False) -> None:
    """Check that a model can be used in this way, without loading its weights.

    Raises:
        BenchError: its shape does not fit the kind, or no label of it means entailment.
    """
    shape = shape_of_model(source, trust_remote_code=trust_remote_code)
    if not is_scorer(kind, shape):
        advice = "Use kind: nli or kind: embedding" if shape == "encoder" else "Use kind: likelihood"
        needed = "a model that writes text" if kind == "likelihood" else "an encoder"
        raise BenchError(f"faithfulness.model: '{source.name}' is of the shape {shape}, but kind '{kind}' needs {needed}. {advice}.")
    if kind == "nli":
        labels = head_labels(source, trust_remote_code=trust_remote_code)
        if find_entailment_label(labels) is None:
            named = ", ".join(labels) or "it has no classification head"
            raise BenchError(f"faithfulness.model: '{source.name}' has no label 'entailment', which kind 'nli' needs ({named})")


def load_scorer(kind: SupportKind, source: ModelSource, device: Device, *, trust_remote_code: bool = False) -> SupportScorer:
    """Load the model for scoring.

    Raises:
        BenchError: the model cannot be loaded, or cannot be used in this way.
    """
    check_scorer(kind, source, trust_remote_code=trust_remote_code)
    if kind == "likelihood":
        return LikelihoodScorer(load_model(source, device, trust_remote_code=trust_remote_code))
    if kind == "nli":
        labels = head_labels(source, trust_remote_code=trust_remote_code)
        return EntailmentScorer(_load_encoder(source, device, labels, trust_remote_code), labels)
    return EmbeddingScorer(_load_encoder(source, device, ("0", "1"), trust_remote_code))  # its head is not used


def _load_encoder(source: ModelSource, device: Device, labels: Sequence[str], trust_remote_code: bool) -> LoadedModel:
    return load_model(source, device, labels=labels, trust_remote_code=trust_remote_code)
