"""Ratings: imported from raters' files, checked, recorded, and joined with the key."""

from harness.review.ratings.disagreements import MORE_THAN, Settlement, do_differ, find_disagreements, group_by_unit
from harness.review.ratings.rater_exclusion import exclude_rater
from harness.review.ratings.rating_import import ImportSummary, import_files
from harness.review.ratings.rating_records import RaterExclusion, Rating, Review, load_reviews, save_exclusions
from harness.review.ratings.unblinded_rating import UnblindedRating, Unit, get_meaning, get_winner, normalize_answer
from harness.review.ratings.unblinded_ratings import UnblindedRatings

__all__ = [
    "MORE_THAN",
    "ImportSummary",
    "RaterExclusion",
    "Rating",
    "Review",
    "Settlement",
    "UnblindedRating",
    "UnblindedRatings",
    "Unit",
    "do_differ",
    "exclude_rater",
    "find_disagreements",
    "get_meaning",
    "get_winner",
    "group_by_unit",
    "import_files",
    "load_reviews",
    "normalize_answer",
    "save_exclusions",
]
