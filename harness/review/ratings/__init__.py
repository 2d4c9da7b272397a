"""Ratings that come back: read from any format, checked, stored, joined with the key."""

from harness.review.ratings.judgements import Judged, Judgements
from harness.review.ratings.ratings import Review, reviews_of

__all__ = [
    "Judged",
    "Judgements",
    "Review",
    "reviews_of",
]
