"""One module per file format, and the place that picks one by extension."""
