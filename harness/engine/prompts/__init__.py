"""From an example to a prompt, and from a prompt to token ids."""
