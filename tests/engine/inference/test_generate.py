"""Generation equals the greedy search of transformers, whatever the batch."""

import pytest
import torch

from harness.engine.inference import generate
from harness.engine.inference.choose import score_labels
from harness.engine.models import find_device, load_model, resolve_model

PROMPTS = ["Copy this: red apple\n", "A", "Questions and answers. " * 8 + "\n", "Name: Bo\nName:", "One two three, one two"]


@pytest.fixture(scope="module")
def loaded():
    return load_model(resolve_model("tiny"), find_device("float32"))


def ids_of(loaded, prompts):
    return [loaded.tokenizer(p)["input_ids"] for p in prompts]


def reference(loaded, ids, length, stops):
    out = loaded.model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=length,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=sorted(stops),
    )[0, len(ids) :].tolist()
    return out[:-1] if out and out[-1] in stops else out


def most_telling(rows):
    """Two tokens that end the rows at as many different steps as possible."""
    pairs = [{a, b} for a in set().union(*rows) for b in set().union(*rows)]
    return max(pairs, key=lambda stops: len({next((i for i, t in enumerate(row) if t in stops), len(row)) for row in rows}))


def test_batch_equals_transformers_row_by_row(loaded):
    """With common tokens as stops, rows end at different steps, so that finished rows are dropped from the batch."""
    ids = ids_of(loaded, PROMPTS)
    free = [reference(loaded, row, 24, {loaded.tokenizer.eos_token_id}) for row in ids]
    stops = {loaded.tokenizer.eos_token_id} | most_telling(free)
    outputs = generate(loaded.model, ids, max_new_tokens=24, stop_ids=stops, pad_id=0)
    expected = [reference(loaded, row, 24, stops) for row in ids]
    assert [o.ids for o in outputs] == expected
    assert len({len(row) for row in expected}) > 2, "the rows should end at different steps"
    assert [o.finish for o in outputs] == ["length" if len(row) == 24 else "stop" for row in expected]


def test_output_does_not_depend_on_the_batch(loaded):
    ids = ids_of(loaded, PROMPTS)
    stops = {loaded.tokenizer.eos_token_id}
    together = generate(loaded.model, ids, max_new_tokens=10, stop_ids=stops, pad_id=0)
    alone = [generate(loaded.model, [row], max_new_tokens=10, stop_ids=stops, pad_id=0)[0] for row in ids]
    assert together == alone


def test_likelihood_is_the_mean_over_the_tokens_of_an_output_with_its_end(loaded):
    ids = ids_of(loaded, ["A"])
    (open_end,) = generate(loaded.model, ids, max_new_tokens=6, stop_ids={-1}, pad_id=0)
    assert open_end.mean_logprob == pytest.approx(score_labels(loaded.model, ids[0], [open_end.ids], 0)[0] / 6, abs=1e-4)
    (ended,) = generate(loaded.model, ids, max_new_tokens=6, stop_ids={open_end.ids[0]}, pad_id=0)
    assert ended.mean_logprob == pytest.approx(score_labels(loaded.model, ids[0], [open_end.ids[:1]], 0)[0], abs=1e-4)


def test_output_may_be_empty(loaded):
    ids = ids_of(loaded, ["A"])
    first = reference(loaded, ids[0], 1, {loaded.tokenizer.eos_token_id})[0]
    (output,) = generate(loaded.model, ids, max_new_tokens=5, stop_ids={first}, pad_id=0)
    assert (output.ids, output.finish) == ([], "stop")


def test_output_at_the_limit_is_reported_as_cut(loaded):
    (output,) = generate(loaded.model, ids_of(loaded, ["A"]), max_new_tokens=3, stop_ids={loaded.model.config.vocab_size - 1}, pad_id=0)
    assert (len(output.ids), output.finish) == (3, "length")


def test_output_ends_where_the_callback_reports_its_end(loaded):
    """Rows end at different steps by what they have written; those that stay go on as if they were alone."""
    ids = ids_of(loaded, PROMPTS)
    free = [reference(loaded, row, 16, {loaded.tokenizer.eos_token_id}) for row in ids]
    lengths = [3, 16, 1, 7, 5]

    def ended(written):
        return any(list(written) == row[:n] for row, n in zip(free, lengths, strict=True) if n <= len(row))

    outputs = generate(loaded.model, ids, max_new_tokens=12, stop_ids={loaded.tokenizer.eos_token_id}, pad_id=0, ended=ended)
    expected = []
    for row in free:
        end = next((n for n in range(1, 13) if ended(row[:n])), 12)
        expected.append(row[:end])
    assert [o.ids for o in outputs] == expected
    assert len({len(row) for row in expected}) > 2
    wholes = [o.finish for o in outputs if len(o.ids) == 12]
    assert set(wholes) <= {"length"} and wholes
    assert {o.finish for o in outputs if len(o.ids) < 12} == {"stop"}


def test_end_tokens_and_stop_texts_can_end_rows_of_one_batch(loaded):
    ids = ids_of(loaded, PROMPTS[:2])
    first, second = (reference(loaded, row, 6, {loaded.tokenizer.eos_token_id}) for row in ids)
    stop = first[2]
    outputs = generate(loaded.model, ids, max_new_tokens=6, stop_ids={stop}, pad_id=0, ended=lambda row: list(row) == second[:2])
    expected = first[: first.index(stop)]
    assert [(o.ids, o.finish) for o in outputs] == [(expected, "stop"), (second[:2], "stop")]


def test_output_that_ends_at_the_last_step_counts_as_stopped(loaded):
    (row,) = ids_of(loaded, ["A"])
    expected = reference(loaded, row, 3, {loaded.tokenizer.eos_token_id})
    (output,) = generate(
        loaded.model, [row], max_new_tokens=3, stop_ids={loaded.tokenizer.eos_token_id}, pad_id=0, ended=lambda ids: len(ids) == 3
    )
    assert (output.ids, output.finish) == (expected, "stop")
