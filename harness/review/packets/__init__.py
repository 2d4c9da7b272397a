"""Blind packets for raters: which examples, which outputs, in which order, as which files."""
