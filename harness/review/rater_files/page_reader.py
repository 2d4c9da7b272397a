"""The file that a rater's page saves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import BenchError
from harness.review.rater_files.page_writer import PAGE_FORMAT
from harness.review.rater_files.returned_rows import ReturnedRow, quote, to_seconds, to_text, to_texts

FORMAT_FIELD = "bench_review"


def read_page_file(name: str, content: Mapping[str, Any]) -> Iterator[ReturnedRow | str]:
    """The ratings of a page's file; a text is the reason why a rating cannot be read.

    Raises:
        BenchError: the file is from another version of the page, or has no list of ratings.
    """
    version = content.get(FORMAT_FIELD)
    if version != PAGE_FORMAT:
        raise BenchError(
            f"{name}: was saved by another version of the page (format {quote(str(version))}); this version reads format {PAGE_FORMAT}."
        )
    ratings = content.get("ratings")
    if not isinstance(ratings, list):
        raise BenchError(f"{name}: 'ratings' must be a list, not {type(ratings).__name__}.")
    return _read_ratings(name, to_text(content.get("packet")), to_text(content.get("rater")), ratings)


def _read_ratings(name: str, packet: str, rater: str, ratings: Sequence[Any]) -> Iterator[ReturnedRow | str]:
    for number, rating in enumerate(ratings, 1):
        if not isinstance(rating, dict) or not isinstance(rating.get("answers"), dict):
            yield f"rating {number}: must be an object with 'item' and 'answers'"
            continue
        answers = rating["answers"]
        invalid = next((question for question, answer in answers.items() if not isinstance(answer, str | None)), None)
        yield ReturnedRow(
            place=f"{name}: rating {number}",
            item=to_text(rating.get("item")),
            packet=packet,
            rater=rater,
            # A row with an invalid answer is rejected, not skipped as unanswered.
            answers={str(question): "?" if question == invalid else to_text(answer) for question, answer in answers.items()},
            kinds=to_texts(rating.get("kinds")),
            corrected=to_text(rating.get("corrected")),
            comment=to_text(rating.get("comment")),
            seconds=to_seconds(rating.get("seconds")),
            answered_at=to_text(rating.get("answered_at")) or None,
            problem=f"{quote(str(invalid))}: the answer must be a string" if invalid is not None else None,
        )
