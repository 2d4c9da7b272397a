"""From an unknown table to a draft of a task."""
