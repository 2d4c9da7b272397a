"""Ratings that come back: read from any format, checked, stored, joined with the key."""

from harness.review.ratings.importing import Imported, import_files
from harness.review.ratings.judgements import Judged, Judgements
from harness.review.ratings.ratings import Rating, Review, review_of, reviews_of

__all__ = [
    "Imported",
    "Judged",
    "Judgements",
    "Rating",
    "Review",
    "import_files",
    "review_of",
    "reviews_of",
]
