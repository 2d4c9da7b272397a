"""Scores that compare an output with its references: ROUGE, BLEU, chrF, TER, SQuAD, exact match, length."""
