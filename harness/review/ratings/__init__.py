"""Ratings: imported from raters' files, checked, recorded, and joined with the key."""

from harness.review.ratings.rating_import import ImportSummary, import_files
from harness.review.ratings.rating_records import Rating, Review, load_reviews
from harness.review.ratings.unblinded_ratings import UnblindedRating, UnblindedRatings

__all__ = [
    "ImportSummary",
    "Rating",
    "Review",
    "UnblindedRating",
    "UnblindedRatings",
    "import_files",
    "load_reviews",
]
