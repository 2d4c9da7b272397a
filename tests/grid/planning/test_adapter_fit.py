"""Whether an adapter fits a model is found without the weights of the model, for every method of PEFT."""

from __future__ import annotations

import pytest
from peft import PeftType
from tiny_models import save_model

from harness.engine.adapters import adapt, trainable_parameters
from harness.engine.adapters.peft_methods import _REFUSED
from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.grid.planning.preflight import _try_adapter
from harness.grid.request import RequestedModel
from harness.types import Strategy, TrainSpec

# What a method must be told for a small model.
FIELDS = {
    "ADAPTION_PROMPT": {"adapter_len": 4, "adapter_layers": 2},
    "ADALORA": {"init_r": 6, "target_r": 3},
    "BOFT": {"boft_block_size": 4},
    "C3A": {"block_size": 16},
    "CARTRIDGE": {"num_virtual_tokens": 4, "num_frozen_tokens": 1},
    "P_TUNING": {"num_virtual_tokens": 4, "encoder_hidden_size": 32},
    "PREFIX_TUNING": {"num_virtual_tokens": 4},
    "PROMPT_TUNING": {"num_virtual_tokens": 4},
    "ROAD": {"group_size": 16},
    "SHIRA": {"r": 4},
    "TRAINABLE_TOKENS": {"token_indices": list(range(3, 20))},
    "VBLORA": {"vector_length": 16},
    "WAVEFT": {"n_frequency": 100},
}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    folder = tmp_path_factory.mktemp("models") / "llama"
    return resolve_model(str(save_model(folder, "llama", hidden_size=64, intermediate_size=96)))


@pytest.mark.parametrize("method", sorted({kind.value for kind in PeftType} - set(_REFUSED)))
def test_every_method_fits_and_its_weights_are_counted(method: str, llama: ModelSource) -> None:
    """Some compute values as they are put on a model, which an outline without values does not have."""
    fields = FIELDS.get(method, {})
    strategy = Strategy(name=method.lower(), method="peft", train=TrainSpec(), adapter={"peft_type": method, **fields})
    skeleton = load_skeleton(llama).model
    adapted = adapt(skeleton, strategy, 0)
    expected = trainable_parameters(adapted) if adapted is not skeleton else 0
    assert _try_adapter(strategy, RequestedModel("llama", llama, "decoder"), ()) == (expected, ())
