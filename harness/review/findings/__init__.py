"""What ratings say: preferences, errors, agreement between raters and with automatic scores."""
