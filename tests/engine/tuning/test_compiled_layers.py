"""Parts of layers that are compiled for a CPU: the same losses and gradients as those of transformers, to rounding."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor.runtime.cache_dir_utils import default_cache_dir
from transformers import Olmo2Config, Olmo2ForCausalLM
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama import modeling_llama
from transformers.models.olmo2 import modeling_olmo2

from harness.cache import cache_folder
from harness.engine.tuning import fused_layers, pays_to_compile, token_functions
from harness.engine.tuning.fused_gates import fused_gates
from harness.engine.tuning.fused_rotations import fused_rotations
from harness.measure import usable_cores
from tests.engine.tuning.small_trainings import LORA, train_small
from tests.engine.tuning.test_fused_layers import GROUPED, MODELS, build, gradients

_HEADER = Path(sysconfig.get_path("include")) / "Python.h"
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None or not _HEADER.is_file(), reason="needs g++ and the headers of Python")


@pytest.fixture(autouse=True)
def functions_of_their_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What another test compiled, or failed to, is not known here; the files of the compiler are shared."""
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path_factory.getbasetemp() / "cache-of-compiled-layers")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", default_cache_dir())  # as torch sets it when parts of it are imported
    token_functions.compiled.cache_clear()
    torch._dynamo.reset()
    counters.clear()
    yield
    token_functions.compiled.cache_clear()


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_gates_and_rotations_compute_what_those_of_transformers_do(name: str, padded: bool) -> None:
    model = build(name)
    expected = gradients(model, nullcontext(), padded=padded)
    with fused_gates(model, token_functions.PLAIN), fused_rotations(model, token_functions.PLAIN):
        found = gradients(model, nullcontext(), padded=padded)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_only_layers_that_compute_these_formulas_are_changed() -> None:
    gated = {"llama": 2, "mistral, a window of 3 tokens": 2, "qwen3, norms of heads": 2}
    for name in MODELS:
        model = build(name)
        with fused_gates(model, token_functions.PLAIN):
            assert sum("forward" in vars(module) for module in model.modules()) == gated.get(name, 0), name
    model = build("llama")
    model.model.layers[0].mlp.act_fn = torch.nn.GELU()
    with fused_gates(model, token_functions.PLAIN):
        assert [("forward" in vars(layer.mlp)) for layer in model.model.layers] == [False, True]


def test_rotations_that_return_another_format_are_left_to_transformers() -> None:
    model = Olmo2ForCausalLM(Olmo2Config(**GROUPED))
    original = modeling_olmo2.apply_rotary_pos_emb
    with fused_rotations(model, token_functions.PLAIN):
        assert modeling_olmo2.apply_rotary_pos_emb is original, "it rotates in float32 and returns what it was given"


def test_rotations_of_part_of_a_head_are_left_to_transformers() -> None:
    query, key, angles = torch.randn(2, 4, 3, 8), torch.randn(2, 2, 3, 8), torch.randn(2, 3, 4)
    original, model = modeling_llama.apply_rotary_pos_emb, build("llama")
    with fused_rotations(model, token_functions.PLAIN):
        changed = modeling_llama.apply_rotary_pos_emb
        with pytest.raises(RuntimeError):  # as before
            changed(query, key, angles, angles)
        by_place = changed(query.transpose(1, 2), key.transpose(1, 2), torch.ones(2, 3, 8), torch.ones(2, 3, 8), unsqueeze_dim=2)
    expected = original(query.transpose(1, 2), key.transpose(1, 2), torch.ones(2, 3, 8), torch.ones(2, 3, 8), unsqueeze_dim=2)
    assert all(torch.equal(one, other) for one, other in zip(by_place, expected, strict=True))


def test_afterwards_the_code_of_models_is_as_before_in_whatever_order_trainings_end() -> None:
    before, model = modeling_llama.apply_rotary_pos_emb, build("llama")
    first, second = (fused_layers(model, "cpu", compiles=True), fused_layers(build("llama"), "cpu", compiles=True))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert modeling_llama.apply_rotary_pos_emb is not before, "the second training is not at its end"
    second.__exit__(None, None, None)
    assert modeling_llama.apply_rotary_pos_emb is before
    assert not any("forward" in vars(module) for module in model.modules())


def all_were_compiled() -> bool:
    """Whether every function was, and computes the same as the plain one."""
    works = [list(function._works.values()) for function in token_functions.compiled()]
    return all(each and all(each) for each in works) and counters["stats"]["unique_graphs"] >= sum(map(len, works))


def refuse(*args: Any, **options: Any) -> Any:
    raise RuntimeError("no compiler")


@needs_compiler
def test_compiled_layers_have_the_same_losses_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other users can guess where torch keeps headers that it compiles in advance.
    monkeypatch.setattr("torch._inductor.codecache._precompile_header", refuse, raising=False)
    monkeypatch.setitem(token_functions._OPTIONS, "an_option_of_another_version", True)
    model = build("llama")
    expected, found = gradients(model, nullcontext()), gradients(model, fused_layers(model, "cpu", compiles=True))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert all_were_compiled()
    folder = cache_folder() / token_functions.FOLDER
    assert len(list(folder.rglob("*.so"))) >= len(token_functions.PLAIN), "the files are in the cache of the user"
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.soak
@needs_compiler
def test_a_compiled_training_has_the_same_losses(tmp_path: Path) -> None:
    _, _, expected = train_small(tmp_path / "plain", adapter=LORA, compilation="off")
    _, _, found = train_small(tmp_path / "compiled", adapter=LORA, compilation="on")
    assert found == pytest.approx(expected, rel=1e-4)
    assert all_were_compiled()


@pytest.mark.soak
@needs_compiler
def test_a_training_that_resumes_in_a_new_process_has_the_same_losses(tmp_path: Path) -> None:
    _, _, expected = train_small(tmp_path / "whole", adapter=LORA, compilation="on")
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path / "cut", adapter=LORA, compilation="on", stop_at=2, checkpoint_every=0.0)
    token_functions.compiled.cache_clear()  # as in a new process
    torch._dynamo.reset()
    _, _, resumed = train_small(tmp_path / "cut", adapter=LORA, compilation="on")
    assert resumed == expected


@pytest.mark.soak
@needs_compiler
def test_compiled_layers_in_bfloat16_are_as_near_to_float32() -> None:
    model = build("llama")
    exact = gradients(model, nullcontext())
    errors = []
    for context in (nullcontext(), fused_layers(model, "cpu", compiles=True)):
        found = gradients(model, context, autocast=True)
        errors.append(sum(float((one - other).norm()) for one, other in zip(found[1:], exact[1:], strict=True)))
    assert 0 < errors[1] < 1.1 * errors[0]
    assert all_were_compiled()


def mistake(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """What a broken compiler makes of a function."""

    def wrong(*args: Any) -> Any:
        found = function(*args)
        return tuple(1.01 * each for each in found) if isinstance(found, tuple) else 1.01 * found

    return wrong


@pytest.mark.parametrize("compiler", [refuse, mistake])
def test_without_a_compiler_that_works_a_training_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: Callable[..., Any]
) -> None:
    monkeypatch.setattr(torch, "compile", compiler)
    _, _, expected = train_small(tmp_path / "plain", adapter=LORA, compilation="off")
    _, _, found = train_small(tmp_path / "compiled", adapter=LORA, compilation="on")
    assert found == pytest.approx(expected, rel=1e-5)
    assert all(list(function._works.values()) and not any(function._works.values()) for function in token_functions.compiled())


def test_a_first_step_without_finite_numbers_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", mistake)
    ones, endless = torch.ones(4), torch.full((4,), torch.inf)
    gate = token_functions.compiled().gate
    assert torch.equal(gate(ones, endless), endless) and gate._works == {}
    assert torch.equal(gate(ones, ones), token_functions.gate(ones, ones)), "what the broken compiler makes of it is not used"
    assert list(gate._works.values()) == [False]


def test_too_little_memory_for_both_results_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def need_memory(*args: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("out of memory")

    monkeypatch.setattr(torch, "compile", lambda function, **options: need_memory)
    gate, ones = token_functions.compiled().gate, torch.ones(4)
    assert torch.equal(gate(ones, ones), token_functions.gate(ones, ones)) and gate._works == {}


def test_long_trainings_are_compiled_unless_the_recipe_says_otherwise() -> None:
    enough = 2.5e13 * usable_cores()
    assert pays_to_compile("auto", "cpu", "float32", 1_000_000, enough / 1e6)
    assert not pays_to_compile("auto", "cpu", "float32", 1_000_000, 0.99 * enough / 1e6)
    for kind in ("cpu", "cuda"):
        assert pays_to_compile("on", kind, "bfloat16", 1, 1.0) and not pays_to_compile("off", kind, "bfloat16", 10**12, 1e12)
        assert not pays_to_compile("on", kind, "float16", 10**12, 1e12), "products of gradients would overflow"
    assert not pays_to_compile("auto", "cuda", "bfloat16", 10**12, 1e12), "not measured there"


def test_a_gpu_compiles_the_same_parts_and_keeps_its_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(torch, "compile", lambda function, **options: made.append(function.__name__) or function)
    model, attention = build("llama"), ALL_ATTENTION_FUNCTIONS["sdpa"]
    layers = fused_layers(model, "cuda", compiles=True)
    expected, found = gradients(model, nullcontext()), gradients(model, layers)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert sorted(made) == sorted(token_functions.PLAIN._fields)
    with fused_layers(model, "cuda", compiles=True):
        assert ALL_ATTENTION_FUNCTIONS["sdpa"] is attention


def test_the_gpu_of_a_mac_compiles_nothing() -> None:
    model = build("llama")
    with fused_layers(model, "mps", compiles=True):
        assert not any("forward" in vars(module) for module in model.modules())


def test_a_folder_that_the_user_has_named_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "named"))
    token_functions.compiled().gate(torch.ones(4), torch.ones(4))
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "named")
