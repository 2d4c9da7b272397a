"""People judge outputs: blind packets out, ratings in, what they agree on and what they prefer, and what to train on next."""

from harness.review.analysing import findings_of
from harness.review.findings import Findings
from harness.review.harvest import Harvest, harvest_of, retired_of, write_harvest
from harness.review.importing import Imported, import_files
from harness.review.judging import preference
from harness.review.making import SAMPLINGS, Asked, rater_names
from harness.review.packet import MODES, Key, Mode, Packet
from harness.review.ratings import Rating, Review, review_of, reviews_of
from harness.review.sending import FORMATS, Format, export_packet

__all__ = [
    "FORMATS",
    "MODES",
    "SAMPLINGS",
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
    "findings_of",
    "harvest_of",
    "import_files",
    "preference",
    "rater_names",
    "retired_of",
    "review_of",
    "reviews_of",
    "write_harvest",
]
