"""The files that raters work in: each format is written for them and read when it comes back."""

from harness.review.rater_files.argilla_reader import group_argilla_answers, is_argilla_record
from harness.review.rater_files.gold_file import read_gold_file
from harness.review.rater_files.packet_export import FORMATS, ExportedPacket, Format, export_built_packet, export_packet
from harness.review.rater_files.returned_file import ReturnedFile, read_returned_file
from harness.review.rater_files.returned_rows import ReturnedRow, quote

__all__ = [
    "FORMATS",
    "ExportedPacket",
    "Format",
    "ReturnedFile",
    "ReturnedRow",
    "export_built_packet",
    "export_packet",
    "group_argilla_answers",
    "is_argilla_record",
    "quote",
    "read_gold_file",
    "read_returned_file",
]
