"""Pre-training of the shipped tiny model: corpus, tokenizer, initial weights, training loop and probes."""
