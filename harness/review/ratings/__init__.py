"""Ratings that come back: read from any format, checked, stored, joined with the key."""
