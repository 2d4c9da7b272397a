"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.batching import BATCH_ROWS, PredictBatch, PromptedExample, split_into_batches
from harness.engine.inference.choose import LabelScorer, LabelTree, log_totals, rows_of_labels
from harness.engine.inference.classify import classify
from harness.engine.inference.decoding_state import count_rows
from harness.engine.inference.extract import ends_with, extract
from harness.engine.inference.generate import generate, require_finite
from harness.engine.inference.last_positions import last_positions
from harness.engine.inference.lora_answers import is_dora, is_plain_lora
from harness.engine.inference.predictor import Predictor
from harness.engine.inference.prefill import count_read, list_groups
from harness.engine.inference.seq2seq import Seq2SeqScorer, generate_seq2seq
from harness.engine.inference.shared_prefix import count_shared, filled_layers, plain_cache

__all__ = [
    "BATCH_ROWS",
    "LabelScorer",
    "LabelTree",
    "PredictBatch",
    "Predictor",
    "PromptedExample",
    "Seq2SeqScorer",
    "answering",
    "classify",
    "count_read",
    "count_rows",
    "count_shared",
    "ends_with",
    "extract",
    "filled_layers",
    "generate",
    "generate_seq2seq",
    "is_dora",
    "is_plain_lora",
    "last_positions",
    "list_groups",
    "log_totals",
    "plain_cache",
    "require_finite",
    "rows_of_labels",
    "split_into_batches",
]
