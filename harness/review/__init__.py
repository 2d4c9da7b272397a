"""People judge outputs: blind packets out, ratings in, what they agree on and what they prefer, and what to train on next."""

from harness.review.findings.analysing import findings_of
from harness.review.findings.findings import Findings
from harness.review.harvest import Harvest, files_of, harvest_of, retired_of, write_harvest
from harness.review.packets.making import Asked, rater_names
from harness.review.packets.packet import MODES, Key, Mode, Packet
from harness.review.packets.sending import FORMATS, Format, export_packet
from harness.review.ratings.importing import Imported, import_files
from harness.review.ratings.ratings import Rating, Review, review_of, reviews_of

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
