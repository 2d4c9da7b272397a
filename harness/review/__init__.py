"""People judge outputs: blind packets out, ratings in, what they agree on and what they prefer, and what to train on next."""

from harness.review.findings import Findings, findings_of
from harness.review.harvest import Harvest, files_of, harvest_of, retired_of, write_harvest
from harness.review.packets import FORMATS, MODES, Asked, Format, Key, Mode, Packet, export_packet, rater_names
from harness.review.ratings import Imported, Rating, Review, import_files, review_of, reviews_of

__all__ = [
    "FORMATS",
    "MODES",
    "Asked",
    "Findings",
    "Format",
    "Harvest",
    "Imported",
    "Key",
    "Mode",
    "Packet",
    "Rating",
    "Review",
    "export_packet",
    "files_of",
    "findings_of",
    "harvest_of",
    "import_files",
    "rater_names",
    "retired_of",
    "review_of",
    "reviews_of",
    "write_harvest",
]
