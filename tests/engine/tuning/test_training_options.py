"""What changes only memory and speed does not change the losses; what a recipe asks for happens; every optimizer resumes exactly."""

import pytest
import torch
from allocations import Allocations

from harness.engine.tuning.optimizers import make_optimizer
from harness.errors import BenchError
from harness.types import TrainSpec
from tests.engine.tuning import small_trainings
from tests.engine.tuning.small_trainings import LORA, bert, gpt2, llama, llama_with_dropout, t5


@pytest.fixture
def train_small(tmp_path):
    """Train a small random model; returns it with its losses."""

    def run(make=llama, folder="a", **options):
        model, _, losses = small_trainings.train_small(tmp_path / folder, make, **options)
        return model, losses

    return run


def trained(model):
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def require_equal(a, b):
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


LONG = pytest.mark.soak
CASES = [
    pytest.param(llama_with_dropout, LORA, id="llama-lora"),
    pytest.param(gpt2, None, id="gpt2-full"),
    pytest.param(t5, LORA, id="t5-lora", marks=LONG),
    pytest.param(t5, None, id="t5-full"),
    pytest.param(bert, None, id="bert-full"),
    pytest.param(llama, None, id="llama-full", marks=LONG),
    pytest.param(llama, LORA | {"use_dora": True}, id="llama-dora", marks=LONG),
    pytest.param(
        llama,
        {"peft_type": "ADALORA", "target_modules": "all-linear", "lora_dropout": 0.2, "tinit": 1, "tfinal": 1},
        id="adalora",
        marks=LONG,
    ),
    pytest.param(llama, {"peft_type": "IA3"}, id="ia3", marks=LONG),
    pytest.param(llama, {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 4}, id="prompt-tuning", marks=LONG),
]


@pytest.mark.parametrize(("make", "adapter"), CASES)
def test_memory_options_do_not_change_the_losses(train_small, make, adapter):
    """With dropout: the masks are those of the examples, however a batch is cut and whether layers are computed again."""
    _, whole = train_small(make, "whole", adapter=adapter)
    _, cut = train_small(make, "cut", adapter=adapter, micro_batch_tokens=1)
    _, pairs = train_small(make, "pairs", adapter=adapter, micro_batch_tokens=20, gradient_checkpointing="on")
    assert len(whole) == 8
    assert cut == pytest.approx(whole, abs=1e-5)
    assert pairs == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("make", [llama_with_dropout, gpt2, t5, bert])
def test_dropout_takes_place(train_small, make):
    """Otherwise equal losses would prove nothing."""

    def no_dropout(model):
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            for name in ("attention_dropout", "dropout"):
                if isinstance(getattr(module, name, None), float):
                    setattr(module, name, 0.0)

    _, with_dropout = train_small(make, "with", epochs=0.5)
    _, without = train_small(make, "without", prepare=no_dropout, epochs=0.5)
    assert abs(with_dropout[0] - without[0]) > 1e-4


def test_checkpointed_layers_are_computed_again(train_small):
    calls = {}

    def count(model):
        layer = model.model.layers[0].mlp
        layer.register_forward_pre_hook(lambda *_: calls.__setitem__("mlp", calls.get("mlp", 0) + torch.is_grad_enabled()))

    train_small(llama, "kept", prepare=count)
    kept = calls.pop("mlp")
    model, _ = train_small(llama, "again", prepare=count, gradient_checkpointing="on")
    assert calls["mlp"] == 2 * kept == 8
    assert not any(getattr(module, "gradient_checkpointing", False) for module in model.modules()), "generation needs the cache"


OPTIMIZERS = [
    pytest.param("adamw", "bfloat16"),
    pytest.param("adamw", "compensated"),
    pytest.param("adamw_8bit", "compensated", marks=LONG),
    pytest.param("adafactor", "compensated", marks=LONG),
    pytest.param("adamw_8bit", "float32"),
    pytest.param("adamw_8bit", "bfloat16", marks=LONG),
    pytest.param("paged_adamw_8bit", "float32", marks=LONG),
    pytest.param("paged_adamw_32bit", "float32", marks=LONG),
    pytest.param("paged_adamw_32bit", "bfloat16", marks=LONG),
    pytest.param("adafactor", "float32"),
    pytest.param("adafactor", "bfloat16", marks=LONG),
]


@pytest.mark.parametrize(("optimizer", "weights"), OPTIMIZERS)
def test_every_optimizer_resumes_exactly(train_small, optimizer, weights):
    def wide():  # bitsandbytes keeps states of tensors with fewer than 4,096 numbers in 32 bits
        return llama(vocab_size=300)

    updates = {"updates": "compensated"} if weights == "compensated" else {}
    weights = "bfloat16" if updates else weights
    recipe = {"optimizer": optimizer, "weights": weights, "weight_decay": 0.1} | updates
    whole, losses = train_small(wide, "whole", **recipe)
    with pytest.raises(KeyboardInterrupt):
        train_small(wide, "broken", stop_at=2, checkpoint_every=0.0, **recipe)
    resumed, again = train_small(wide, "broken", **recipe)
    assert again == losses
    require_equal(trained(whole), trained(resumed))
    assert {p.dtype for p in whole.parameters()} == {getattr(torch, weights)}
    assert losses[-2] < losses[0]


def test_a_step_of_adamw_on_a_cpu_allocates_nothing_and_is_that_of_its_formula():
    """Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2."""
    torch.manual_seed(1)
    model, rate, decay = torch.nn.Linear(64, 32), 1e-2, 0.1
    optimizer = make_optimizer(model, TrainSpec(weight_decay=decay))
    optimizer.param_groups[0]["lr"] = rate
    weight, mean, square = (each.double() for each in (model.weight.detach().clone(), torch.zeros(32, 64), torch.zeros(32, 64)))
    for step in range(1, 5):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        gradient = model.weight.grad.double()
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weight = weight - rate * (decay * weight + mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8))
        known = [*model.parameters(), *(parameter.grad for parameter in model.parameters())]
        with Allocations([*known, *(each for state in optimizer.state.values() for each in state.values())]) as made:
            optimizer.step()
        states = 8 * sum(parameter.numel() for parameter in model.parameters()) + 64  # and numbers of steps
        assert made.peak <= (states if step == 1 else 64)
    assert (model.weight.double() - weight).abs().max() < 1e-6


def test_on_a_gpu_torch_chooses_how_adamw_steps():
    with torch.device("meta"):
        defaults = make_optimizer(torch.nn.Linear(4, 4), TrainSpec()).defaults
    assert defaults["fused"] is None and defaults["foreach"] is None, "all tensors at once"


@pytest.mark.parametrize("updates", ["stochastic", "compensated"])
def test_small_steps_of_bfloat16_weights_are_not_lost(updates):
    """Neighbours of 1.0 in bfloat16 are 0.004 and 0.008 away: rounding to nearest leaves every weight where it was. Compensated updates
    follow float32, to the precision of the format."""
    torch.manual_seed(1)
    gradients = torch.rand(100, 64, 64) + 0.5
    plain = torch.nn.Parameter(torch.ones(64, 64, dtype=torch.bfloat16))
    wide = torch.nn.Parameter(torch.ones(64, 64))
    model = torch.nn.Linear(64, 64, bias=False).to(torch.bfloat16)
    model.weight.data.fill_(1.0)
    ours = make_optimizer(model, TrainSpec(weights="bfloat16", updates=updates), seed=1)
    for weight, optimizer in ((plain, torch.optim.AdamW([plain])), (wide, torch.optim.AdamW([wide])), (model.weight, ours)):
        for gradient in gradients:
            weight.grad = gradient.to(weight.dtype)
            optimizer.param_groups[0].update(lr=1e-4, weight_decay=0.0)
            optimizer.step()
    assert torch.equal(plain, torch.ones_like(plain)), "without either, nothing is learned"
    assert model.weight.dtype == torch.bfloat16
    moved, expected = 1.0 - model.weight.float().mean().item(), 1.0 - wide.mean().item()
    assert moved == pytest.approx(expected, rel=0.05 if updates == "stochastic" else 0.15)
    if updates == "compensated":
        kept = model.weight.float() + ours.state[model.weight]["compensation"].float()
        assert (kept - wide).abs().max() < 1e-4, "a hundredth of what was learned"
        assert (model.weight.float() - wide).abs().max() < 2**-9 + 1e-4, "half of the distance to the neighbour"


def test_lora_plus_steps_the_matrices_b_further(train_small):
    """With AdamW, the size of the first step is the learning rate, whatever the gradient."""
    recipe = {"epochs": 0.5, "batch_size": 4, "warmup": 0.0, "schedule": "constant", "max_grad_norm": 1e9}
    adapter = LORA | {"lora_dropout": 0.0}
    before = {}
    model, _ = train_small(llama, adapter=adapter, lora_plus=8.0, prepare=lambda model: before.update(trained(model)), **recipe)
    moved = {name: (p - before[name]).abs().max().item() for name, p in trained(model).items() if "lora_B" in name}
    assert all(distance == pytest.approx(8e-2, rel=1e-2) for distance in moved.values())


def test_noise_on_embeddings_changes_training_alone_and_not_with_the_cut(train_small):
    recipe = {"epochs": 1, "neftune": 5.0}
    _, plain = train_small(llama, "plain", epochs=1)
    model, noisy = train_small(llama, "noisy", **recipe)
    _, cut = train_small(llama, "cut", micro_batch_tokens=1, gradient_checkpointing="on", **recipe)
    assert abs(noisy[0] - plain[0]) > 1e-4
    assert cut == pytest.approx(noisy, abs=1e-5)
    assert not model.get_input_embeddings()._forward_hooks


@LONG
def test_noise_on_the_encoder_of_an_encoder_decoder(train_small):
    _, noisy = train_small(t5, "noisy", neftune=50.0)
    _, cut = train_small(t5, "cut", neftune=50.0, micro_batch_tokens=1)
    _, plain = train_small(t5, "plain")
    assert abs(noisy[0] - plain[0]) > 1e-4
    assert cut == pytest.approx(noisy, abs=1e-5)


def test_attention_is_that_of_the_recipe_while_it_trains(train_small):
    used = []

    def watch(model):
        model.config._attn_implementation = "eager"
        model.register_forward_pre_hook(lambda *_: used.append(model.config._attn_implementation))

    model, sdpa = train_small(llama, "sdpa", prepare=watch, attention="sdpa")
    assert set(used) == {"sdpa"}
    assert model.config._attn_implementation == "eager"
    _, eager = train_small(llama, "eager")
    assert sdpa == pytest.approx(eager, abs=1e-5)
    with pytest.raises(BenchError, match=r"train\.attention: flash does not work for LlamaForCausalLM"):
        train_small(llama, "flash", attention="flash")
    with pytest.raises(BenchError, match=r"flash draws dropout masks of its own.*attention_dropout 0\.3"):
        train_small(llama_with_dropout, "flash", attention="flash")


def test_nothing_stays_replaced(train_small):
    import torch.nn.functional as F

    before = F.dropout, F.scaled_dot_product_attention
    train_small(gpt2, epochs=0.5)
    with pytest.raises(KeyboardInterrupt):
        train_small(gpt2, "b", stop_at=1)
    assert before == (F.dropout, F.scaled_dot_product_attention)
