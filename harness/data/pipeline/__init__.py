"""From a task to its splits: gather, map, fold, split, sample."""
