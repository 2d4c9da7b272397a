"""Predictions and references in, scores out. Metrics are pure functions; the signature of each says how its number is computed."""

from harness.metrics.confidence import answer_confidence
from harness.metrics.evaluate_library import (
    LIBRARY_METRICS,
    LIBRARY_PREFIX,
    SCRIPT_PREFIX,
    get_script_digests,
    is_library_metric,
    library_score_name,
)
from harness.metrics.facts import FACT_COLUMNS, FACTS, has_facts
from harness.metrics.faithfulness import UnsupportedPiece, count_negation_words, find_unsupported, sentences
from harness.metrics.families import FAMILIES, TRUTH_SCORES, families, file_families, metrics_for
from harness.metrics.family import BOUNDS, Family, example_metric, scale_width
from harness.metrics.file_metrics import try_metrics
from harness.metrics.join import join
from harness.metrics.labels import ClassScores, confusion_matrix, match_label, score_classes
from harness.metrics.plugin_contract import check_family
from harness.metrics.porter import import_rouge_score
from harness.metrics.stored_scores import describe_metrics
from harness.metrics.support import SUPPORT_SCORE, input_text
from harness.types import Metric

__all__ = [
    "BOUNDS",
    "FACTS",
    "FACT_COLUMNS",
    "FAMILIES",
    "LIBRARY_METRICS",
    "LIBRARY_PREFIX",
    "SCRIPT_PREFIX",
    "SUPPORT_SCORE",
    "TRUTH_SCORES",
    "ClassScores",
    "Family",
    "Metric",
    "UnsupportedPiece",
    "answer_confidence",
    "check_family",
    "confusion_matrix",
    "count_negation_words",
    "describe_metrics",
    "example_metric",
    "families",
    "file_families",
    "find_unsupported",
    "get_script_digests",
    "has_facts",
    "import_rouge_score",
    "input_text",
    "is_library_metric",
    "join",
    "library_score_name",
    "match_label",
    "metrics_for",
    "scale_width",
    "score_classes",
    "sentences",
    "try_metrics",
]
