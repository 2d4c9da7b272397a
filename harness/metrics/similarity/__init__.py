"""Scores that compare an output with its references: ROUGE, BLEU, chrF, TER, SQuAD, exact match, length."""

from harness.metrics.similarity.exact import EXACT_MATCH
from harness.metrics.similarity.length import LENGTH
from harness.metrics.similarity.rouge import ROUGE
from harness.metrics.similarity.sacrebleu_scores import BLEU, CHRF, TER
from harness.metrics.similarity.squad_scores import ANSWERABILITY, SQUAD

__all__ = [
    "ANSWERABILITY",
    "BLEU",
    "CHRF",
    "EXACT_MATCH",
    "LENGTH",
    "ROUGE",
    "SQUAD",
    "TER",
]
