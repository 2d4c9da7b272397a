"""A run, a comparison, a verdict and the state of a review as text for a terminal."""
