"""Direct preference optimization on the one training loop: its loss, its references, and that nothing but the result depends on cuts."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.tuning import EncodedExample, micro_batches
from harness.engine.tuning.preference_loss import pair_margins, preference_losses
from harness.errors import BenchError
from tests.engine.tuning.small_trainings import LORA, ROWS, gpt2, llama, llama_with_dropout, train_small

PAIRS = [replace(row, rejected=tuple(4 + (i * 7 + k) % 50 for k in range(1 + i % 4))) for i, row in enumerate(ROWS)]
DPO = {"objective": "dpo", "rows": PAIRS, "learning_rate": 1e-3}


def log_likelihood(model: Any, prompt: tuple[int, ...], answer: tuple[int, ...]) -> float:
    """ln p(answer | prompt) of one answer alone, without padding, position by position."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double()
    places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
    return sum(float(torch.log_softmax(logits[place], -1)[token]) for place, token in zip(places, answer, strict=True))


def test_loss_is_that_of_the_paper_computed_answer_by_answer() -> None:
    torch.manual_seed(1)
    policy, reference = llama().eval(), llama().eval()
    expected = []
    pairs = []
    for pair in PAIRS:
        margins = [
            log_likelihood(model, pair.prompt, pair.target) - log_likelihood(model, pair.prompt, pair.rejected)
            for model in (policy, reference)
        ]
        expected.append(math.log1p(math.exp(-0.3 * (margins[0] - margins[1]))))
        pairs.append(replace(pair, reference=margins[1]))
    losses, gains = preference_losses(policy, pairs, 0, "cpu", beta=0.3)
    torch.testing.assert_close(losses.double(), torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=1e-5)
    assert [bool(gain > 0) for gain in gains] == [loss < math.log(2) for loss in expected]


def test_a_pair_is_two_sequences_in_a_micro_batch() -> None:
    pair = EncodedExample((1, 2, 3), (4, 5), rejected=(6, 7, 8, 9))
    assert (pair.length, pair.padded_length, pair.targets, pair.losses) == (12, 14, 6, 1)
    assert [row.target for row in pair.sequences] == [(4, 5), (6, 7, 8, 9)]
    assert [len(part) for part in micro_batches([pair] * 4, 30)] == [2, 2]
    assert len({row.index for each in (pair, replace(pair, index=1)) for row in each.sequences}) == 4, "each answer has its own dropout"


@pytest.mark.parametrize(
    ("make", "adapter"), [(llama, None), (llama, LORA), pytest.param(gpt2, LORA | {"fan_in_fan_out": True}, marks=pytest.mark.soak)]
)
def test_first_loss_is_ln_2_and_the_reference_is_the_model_before_training(tmp_path: Path, make: Any, adapter: Any) -> None:
    """Dropout aside, the model has not gained on itself yet."""
    adapter = adapter and adapter | {"lora_dropout": 0.0}
    before: list[list[float]] = []

    def look(model: Any) -> None:
        model.eval()
        with torch.no_grad():
            before.append(pair_margins(model, PAIRS, 0, "cpu").tolist())
        model.train()

    _, summary, losses = train_small(tmp_path, make, adapter=adapter, prepare=look, attention="auto", **DPO)
    kept = json.loads((tmp_path / "checkpoint" / "references.json").read_text())
    assert kept["training"] == pytest.approx(before[0], abs=1e-5)
    assert kept["validation"] == pytest.approx(before[0][:4], abs=1e-5)
    if make is llama:
        assert losses[0] == pytest.approx(math.log(2), abs=1e-6)
    assert summary.objective == "dpo"
    assert summary.preferences is not None and summary.preferences[1] == 4
    assert summary.target_tokens == 2 * sum(pair.targets for pair in PAIRS)


def test_the_model_learns_to_prefer_the_better_answers(tmp_path: Path) -> None:
    _, summary, losses = train_small(tmp_path, llama, epochs=10, **DPO | {"learning_rate": 1e-2, "beta": 1.0})
    assert losses[-1] < 0.5 * losses[0]
    assert summary.preferences == (4, 4)
    lines = [json.loads(line) for line in (tmp_path / "training.jsonl").read_text().splitlines()]
    assert [line["preference_accuracy"] for line in lines if "validation_loss" in line][-1] == 1.0


@pytest.mark.parametrize("make", [llama_with_dropout, pytest.param(gpt2, marks=pytest.mark.soak)])
def test_cuts_into_micro_batches_change_nothing(tmp_path: Path, make: Any) -> None:
    _, _, whole = train_small(tmp_path / "a", make, adapter=LORA if make is not gpt2 else None, **DPO)
    _, _, cut = train_small(tmp_path / "b", make, adapter=LORA if make is not gpt2 else None, micro_batch_tokens=1, **DPO)
    assert cut == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("adapter", [LORA, pytest.param(None, marks=pytest.mark.soak)])
def test_an_interrupted_tuning_resumes_with_the_same_result(tmp_path: Path, adapter: Any) -> None:
    """The references are those of the start, also after weights have changed; they are not computed again."""
    whole, _, losses = train_small(tmp_path / "a", adapter=adapter, **DPO)
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path / "b", adapter=adapter, stop_at=3, checkpoint_every=0, **DPO)
    file = tmp_path / "b" / "checkpoint" / "references.json"
    written = file.stat().st_mtime_ns
    resumed, _, again = train_small(tmp_path / "b", adapter=adapter, **DPO)
    assert file.stat().st_mtime_ns == written
    assert again == losses
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_damaged_references_and_those_of_other_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path, adapter=LORA, stop_at=1, **DPO)
    file = tmp_path / "checkpoint" / "references.json"
    with pytest.raises(BenchError, match=r"references\.json: belongs to other preference pairs\. Delete it"):
        train_small(tmp_path, adapter=LORA, **DPO | {"rows": PAIRS[:5]})
    file.write_text(re.sub(r"\d\.", "7.", file.read_text(), count=1))
    with pytest.raises(BenchError, match=r"references\.json.*Delete it: it is computed again"):
        train_small(tmp_path, adapter=LORA, **DPO)
