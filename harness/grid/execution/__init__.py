"""From a plan to results: processes, progress, resumption."""
