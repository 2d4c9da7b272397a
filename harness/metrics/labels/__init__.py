"""Scores of answers that are one of several labels, and of the probabilities of those labels."""
