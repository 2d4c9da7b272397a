"""Which model reads outputs to score how far their inputs support them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from harness.types.declared import Declared

SupportKind: TypeAlias = Literal["likelihood", "nli", "embedding"]


class FaithfulnessSpec(Declared):
    """The model behind the metric `support`. It is the same for all strategies, so that their scores can be compared."""

    model: Annotated[str, Field(min_length=1)] | None = None
    """A name, a folder, a .gguf file or org/name on the Hub; None: the run's first base model that writes text, never a tuned model."""
    kind: SupportKind = "likelihood"
    """likelihood: a language model, by how much the input lowers its surprise at the output; nli: a classifier with a label `entailment`;
    embedding: an encoder of sentences."""
    fingerprint: str | None = None
    """What determines the scores: kind, model and number format. A run records it; where a task declares it, another model is refused."""
