"""A run as a file: the HTML page, Markdown, CSV and JSON."""
