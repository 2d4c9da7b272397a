"""From a request to a plan: every name resolved, every problem found before anything is spent."""
