"""Scores that compare an output with its input and its reference: unsupported content and omissions. English."""
