"""Whether an adapter fits a model is found without the weights of the model, for every method of PEFT."""

from __future__ import annotations

import pytest
from method_fields import FIELDS, METHODS
from tiny_models import save_model

from harness.engine.adapters import adapt, trainable_parameters
from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.grid.planning.preflight import _try_adapter
from harness.grid.request import RequestedModel
from harness.types import Strategy, TrainSpec


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    folder = tmp_path_factory.mktemp("models") / "llama"
    return resolve_model(str(save_model(folder, "llama", hidden_size=64, intermediate_size=96)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_fits_and_its_weights_are_counted(method: str, llama: ModelSource) -> None:
    """Some compute values as they are put on a model, which an outline without values does not have."""
    fields = FIELDS.get(method, {})
    strategy = Strategy(name=method.lower(), method="peft", train=TrainSpec(), adapter={"peft_type": method, **fields})
    skeleton = load_skeleton(llama).model
    adapted = adapt(skeleton, strategy, 0)
    expected = trainable_parameters(adapted) if adapted is not skeleton else 0
    assert _try_adapter(strategy, RequestedModel("llama", llama, "decoder"), ()) == (expected, ())
