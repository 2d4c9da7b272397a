"""How the shipped tiny model is made: its corpus, its tokenizer, its first weights, its training loop and its probes."""
