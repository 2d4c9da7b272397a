"""The reference of a model in service: the test examples of its run with its own outputs, from its copy in the registry."""

from __future__ import annotations

from harness.lifecycle.watch.fingerprint import TokenCounter
from harness.lifecycle.watch.row_scorer import RowScorer
from harness.lifecycle.watch.watched_rows import WatchedRow, name_keys
from harness.results import StrategyResult

MOST_EXAMPLES = 2_000  # of the reference: more takes minutes, and finds hardly more


def read_reference(model: StrategyResult, scorer: RowScorer) -> list[WatchedRow]:
    """The test examples with the outputs of the model, as watched rows; of very many, some at equal distances.

    Args:
        model: with one cell, as the registry has it.
    """
    by_id = {prediction.example_id: prediction for prediction in model.predictions(model.cell)}
    examples = model.examples
    step = max(1, -(-len(examples) // MOST_EXAMPLES))
    chosen = examples[::step]
    keys = name_keys([example.id for example in chosen], "reference")
    return [scorer.score(WatchedRow(example, 0, key, by_id.get(example.id))) for example, key in zip(chosen, keys, strict=True)]


def open_token_counter(model: StrategyResult, model_path: str | None = None) -> TokenCounter | None:
    """Counts the tokens of a text, and the unknown ones among them, with the tokenizer of the model; no weights are loaded.

    None where there is no model, or its base is not on this machine: tokens are then not watched.
    """
    from harness.engine.artifacts import find_base
    from harness.engine.models import load_tokenizer
    from harness.errors import BenchError
    from harness.results import FinishedCell

    if model.external:
        return None
    try:
        tokenizer = load_tokenizer(find_base(FinishedCell(model.run, model.cell), model_path))
    except BenchError:
        return None

    def count(text: str) -> tuple[int, int]:
        tokens = tokenizer.encode(text, add_special_tokens=False)
        unknown = tokenizer.unk_token_id
        return len(tokens), 0 if unknown is None else tokens.count(unknown)

    return count
