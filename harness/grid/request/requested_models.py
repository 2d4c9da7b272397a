"""The models that a request names, found on this machine or on the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import API_PREFIX, OUTPUTS_PREFIX
from harness.engine.models import ModelSource, has_head, resolve_model, shape_of_model
from harness.errors import BenchError, setting
from harness.grid.request.request import Request
from harness.types import Shape, Strategy


@dataclass(frozen=True)
class RequestedModel:
    """A model by the name in the request, where it was found, and its shape."""

    requested_name: str
    source: ModelSource
    shape: Shape
    trust_remote_code: bool = False

    def has_head(self, labels: Sequence[str]) -> bool:
        """Whether an encoder comes with a classification head that was trained for exactly these labels."""
        return has_head(self.source, labels, trust_remote_code=self.trust_remote_code)


def find_models(request: Request, here: Path) -> list[RequestedModel]:
    """Find the requested models, each once; none if only external outputs and hosted models are requested.

    Args:
        here: the folder that relative paths start from.

    Raises:
        BenchError: a model is missing, two models have the same name, or a revision is given for several models.
    """
    names = list(dict.fromkeys(request.models))
    if not request.base and request.strategies and all(map(_is_external, request.strategies)):
        return []
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
    return models


def _is_external(strategy: str | Strategy) -> bool:
    """Whether a strategy is a file of external outputs or a hosted model, which needs no model of this machine."""
    return strategy.startswith((OUTPUTS_PREFIX, API_PREFIX)) if isinstance(strategy, str) else not strategy.has_model
