"""Every method of PEFT that is not refused: it learns, resumes after an interruption, answers each row by itself, and survives storing."""

import pytest
import torch
from method_fields import FIELDS, METHODS
from transformers import LlamaConfig, LlamaForCausalLM

from harness.engine.adapters import adapt, load_adapter, save_artifact
from harness.engine.inference import generate
from harness.engine.inference.choose import LabelScorer
from harness.engine.tuning import planned_steps, train
from harness.engine.tuning.batches import EncodedExample
from harness.engine.tuning.loss import batch_loss
from harness.measure import Meter
from harness.types import Strategy, TrainSpec

# The learning rate at which a method learns within a few steps; most say nothing.
RATES = {
    "ADAPTION_PROMPT": 0.3, "CARTRIDGE": 0.3, "PREFIX_TUNING": 0.3, "PROMPT_TUNING": 0.3, "UNILORA": 0.3,
    "IA3": 0.1, "PVERA": 0.1, "SUPERTUNING": 0.1, "VERA": 0.1,
}  # fmt: skip
PROMPTS = [[5, 9, 33, 20], [7], [60, 61, 62, 63, 64, 65, 66]]
LABELS = [[10, 11, 1], [10, 12, 13, 1], [40, 1]]


@pytest.fixture(autouse=True)
def _no_collecting_of_garbage(monkeypatch):
    """Each training ends with it; dozens of them would spend half of their time so."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


class Tokenizer:
    """Stands where an artifact's tokenizer is stored; these models are too small to have one."""

    name_or_path = "x"

    def save_pretrained(self, folder):
        pass


def small_llama():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=128, initializer_range=0.1, bos_token_id=None, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def example(i):
    return EncodedExample((3 + i, 30 + i % 7, *range(50, 50 + i % 5)), (10, 11 + i % 2, 1), i)


ROWS = [example(i) for i in range(20)]
HELD_OUT = [example(i) for i in range(20, 24)]


def strategy(kind):
    recipe = TrainSpec(
        epochs=1.5, batch_size=5, learning_rate=RATES.get(kind, 0.02), schedule="constant", warmup=0.0, validations_per_epoch=1
    )
    return Strategy(name=kind.lower(), method="peft", adapter={"peft_type": kind} | FIELDS.get(kind, {}), train=recipe)


def trained(kind, device, folder, *, stop_at=None, checkpoint_every=1e9):
    chosen = strategy(kind)
    model = adapt(small_llama(), chosen, 3, steps=planned_steps(chosen.train, len(ROWS), 0))

    def progress(now):
        if now.step == stop_at:
            raise KeyboardInterrupt

    summary = train(
        model,
        ROWS,
        HELD_OUT,
        chosen.train,
        parameters=0,
        seed=3,
        pad_id=0,
        device=device,
        meter=Meter("cpu", "cpu", None),
        curve=folder / "training.jsonl",
        checkpoint=folder / "checkpoint",
        progress=progress,
        checkpoint_every=checkpoint_every,
    )
    return model, summary


def scores(model, prompts=PROMPTS):
    return torch.tensor(LabelScorer(model, LABELS, 0)(prompts))


def texts(model):
    return [output.ids for output in generate(model, PROMPTS, max_new_tokens=6, stop_ids={1}, pad_id=0)]


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def held_out_loss(model):
    with torch.no_grad():
        return batch_loss(model, HELD_OUT, 0, "cpu", "decoder").item() / sum(len(row.target) for row in HELD_OUT)


@pytest.mark.parametrize("kind", METHODS)
def test_method_learns_resumes_answers_rows_alone_and_survives_storing(kind, device, tmp_path):
    untrained = held_out_loss(adapt(small_llama(), strategy(kind), 3, steps=6).eval())
    model, summary = trained(kind, device, tmp_path / "whole")
    assert summary.steps == 6
    assert summary.best_validation_loss < untrained - 0.02
    assert held_out_loss(model) == pytest.approx(summary.best_validation_loss, rel=1e-5)

    with pytest.raises(KeyboardInterrupt):
        trained(kind, device, tmp_path / "broken", stop_at=4, checkpoint_every=0.0)
    resumed, again = trained(kind, device, tmp_path / "broken")
    ours, theirs = weights(model), weights(resumed)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours), "going on gives the weights of an undisturbed training"
    assert again == summary

    together = scores(model)
    for i, prompt in enumerate(PROMPTS):
        torch.testing.assert_close(scores(model, [prompt])[0], together[i], rtol=1e-4, atol=1e-4)

    save_artifact(model, Tokenizer(), tmp_path / "artifact", origin="org/small", revision=None)
    torch.manual_seed(99)  # nothing of it is drawn again
    stored = load_adapter(small_llama(), tmp_path / "artifact")
    # On some processors products of equal matrices that lie elsewhere in memory differ in the last bit.
    torch.testing.assert_close(scores(stored), scores(model), rtol=1e-6, atol=1e-5)
    assert texts(stored) == texts(model)


def test_all_supported_methods_are_tested():
    assert {"LORA", "IA3", "ADALORA", "VERA", "OFT", "BOFT", "LOHA", "LOKR", "HRA", "FOURIERFT", "LN_TUNING"} <= set(METHODS)
    assert {"PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"} <= set(METHODS)


@pytest.mark.parametrize(
    "fields",
    [
        {"use_dora": True},
        {"use_rslora": True},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "olora"},
        {"layer_replication": [[0, 2], [1, 2]]},
        {"trainable_token_indices": [3, 4, 5]},
        {"target_modules": ["embed_tokens", "lm_head", "q_proj"]},
        {"bias": "all"},
        {"rank_pattern": {"q_proj": 2}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_variants_of_lora_survive_storing(fields, device, tmp_path, monkeypatch):
    """Some change the base model before training begins: loading must change it in the same way."""
    monkeypatch.setitem(FIELDS, "LORA", {"r": 4} | fields)
    model, _ = trained("LORA", device, tmp_path)
    save_artifact(model, Tokenizer(), tmp_path / "artifact", origin="org/small", revision=None)
    torch.manual_seed(99)
    stored = load_adapter(small_llama(), tmp_path / "artifact")
    # On some processors products of equal matrices that lie elsewhere in memory differ in the last bit.
    torch.testing.assert_close(scores(stored), scores(model), rtol=1e-6, atol=1e-5)
    assert texts(stored) == texts(model)
