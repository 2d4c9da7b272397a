"""From a model, a strategy and examples to a tuned model and its predictions."""
