"""People rate outputs and label rows: packets and pages out, ratings and labels in; agreement; corrections as training examples."""

from harness.review.adjudication import AdjudicationRequest, export_adjudication
from harness.review.findings import Findings, compute_findings
from harness.review.harvest import Harvest, collect_harvest, get_harvest_paths, list_retired_examples, write_harvest
from harness.review.labelling import RowPage, RowToLabel, choose_to_label, measure_disagreement, read_answers, read_row_page
from harness.review.packets import (
    MODES,
    OUTPUT_NOUNS,
    CheckItem,
    Key,
    Mode,
    Packet,
    PacketRequest,
    find_rated_cell,
    list_questions_of,
    parse_raters,
)
from harness.review.rater_files import (
    FORMATS,
    ExportedPacket,
    Format,
    export_packet,
    group_argilla_answers,
    is_argilla_record,
    read_gold_file,
)
from harness.review.rating_plan import EarlierRatings, RatingPlan, RatingsNeeded, plan_ratings
from harness.review.ratings import MORE_THAN, ImportSummary, Rating, Review, exclude_rater, import_files, load_reviews

__all__ = [
    "FORMATS",
    "MODES",
    "MORE_THAN",
    "OUTPUT_NOUNS",
    "AdjudicationRequest",
    "CheckItem",
    "EarlierRatings",
    "ExportedPacket",
    "Findings",
    "Format",
    "Harvest",
    "ImportSummary",
    "Key",
    "Mode",
    "Packet",
    "PacketRequest",
    "Rating",
    "RatingPlan",
    "RatingsNeeded",
    "Review",
    "RowPage",
    "RowToLabel",
    "choose_to_label",
    "collect_harvest",
    "compute_findings",
    "exclude_rater",
    "export_adjudication",
    "export_packet",
    "find_rated_cell",
    "get_harvest_paths",
    "group_argilla_answers",
    "import_files",
    "is_argilla_record",
    "list_questions_of",
    "list_retired_examples",
    "load_reviews",
    "measure_disagreement",
    "parse_raters",
    "plan_ratings",
    "read_answers",
    "read_gold_file",
    "read_row_page",
    "write_harvest",
]
