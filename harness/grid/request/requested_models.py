"""The models of a run: those that a request names, found on this machine or on the Hub, and those that were tuned elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.catalog import ARTIFACT_PREFIX
from harness.engine.models import ModelSource, begin_hashing, has_head, resolve_model, shape_of_model
from harness.errors import BenchError, setting
from harness.grid.request.request import Request
from harness.types import Shape, Strategy


@dataclass(frozen=True)
class RequestedModel:
    """A model by the name in the request, where it was found, and its shape.

    Attributes:
        strategy: the only strategy that uses it, for a whole model that was tuned elsewhere; empty for base models.
    """

    requested_name: str
    source: ModelSource
    shape: Shape
    trust_remote_code: bool = False
    strategy: str = ""

    def is_used_by(self, strategy: Strategy) -> bool:
        """Whether cells of the strategy load this model."""
        return strategy.has_model and (strategy.name if strategy.is_whole_artifact else "") == self.strategy

    def has_head(self, labels: Sequence[str]) -> bool:
        """Whether an encoder comes with a classification head that was trained for exactly these labels."""
        return has_head(self.source, labels, trust_remote_code=self.trust_remote_code)


def find_models(request: Request, strategies: Collection[Strategy], here: Path) -> list[RequestedModel]:
    """Find the requested models, each once, if a strategy needs one; then the whole models that were tuned elsewhere.

    Args:
        here: the folder that relative paths start from.

    Raises:
        BenchError: a model is missing, two models have the same name, or a revision is given for several models.
    """
    own = [_find_tuned_model(strategy) for strategy in strategies if strategy.is_whole_artifact]
    if not _use_base_models(strategies):
        return own
    names = list(dict.fromkeys(request.models))
    if not names:
        raise BenchError(f"no model was named. Name one, for example {setting('model', 'tiny')}.")
    if request.revision is not None and len(names) > 1:
        revision = setting("revision", request.revision)
        raise BenchError(f"{revision} applies to one model, but {len(names)} are named. Run them one at a time.")
    models: list[RequestedModel] = []
    for name in names:
        source = resolve_model(name, request.revision, here=here, with_code=request.trust_remote_code)
        if any(source.name == model.source.name for model in models):
            raise BenchError(f"two models are named '{source.name}': run them one at a time, or rename a folder")
        shape = shape_of_model(source, trust_remote_code=request.trust_remote_code)
        models.append(RequestedModel(name, source, shape, request.trust_remote_code))
    for model in own:
        if any(model.source.name == other.source.name for other in models):
            raise BenchError(
                f"the strategy '{model.strategy}' is a model that was tuned elsewhere, and a base model of the run has the same name. Give "
                f"the strategy another one: {ARTIFACT_PREFIX}{model.requested_name}@NAME"
            )
    return [*models, *own]


def begin_to_read_models(request: Request, strategies: Collection[Strategy], here: Path) -> None:
    """Begin to read the files of the models that `find_models` will find on this machine, beside what this thread does until then."""
    begin_hashing(request.models if _use_base_models(strategies) else (), here)


def _use_base_models(strategies: Collection[Strategy]) -> bool:
    return any(strategy.has_model and not strategy.is_whole_artifact for strategy in strategies)


def _find_tuned_model(strategy: Strategy) -> RequestedModel:
    """The whole model of a strategy. It is named after the strategy, and its code is never run."""
    assert strategy.artifact is not None
    path = strategy.artifact.path
    source = resolve_model(os.path.abspath(os.path.expanduser(path)))
    return RequestedModel(path, replace(source, name=strategy.name), shape_of_model(source), strategy=strategy.name)
