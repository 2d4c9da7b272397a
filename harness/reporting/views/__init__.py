"""A run as plain values that a page, a terminal or a program can print: pure view models."""
