"""The languages of the texts, by py3langid, which has its model in its package."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.types import DataFinding

_LEAST_LETTERS = 60  # shorter texts are often taken for another language
_READ = 600  # characters of a text
_SURE = 0.95  # probability
_LEAST_SHARE = 0.002  # of the rows with a known language: below this it is chance
_MOST_READ = 20_000  # a random sample of more says the same
_LETTERS = re.compile(r"[^\W\d_]")
SHOWN_LANGUAGES = 10


def count_languages(rows: CheckedRows) -> tuple[dict[int, str], int]:
    """The language of each row whose language is clear, and how many rows were looked at."""
    numbers = range(len(rows))
    looked_at = numbers if len(rows) <= _MOST_READ else [i * len(rows) // _MOST_READ for i in range(_MOST_READ)]
    languages = {}
    for row in looked_at:
        language = detect_language(rows.whole_text(row))
        if language is not None:
            languages[row] = language
    return languages, len(looked_at)


def detect_language(text: str) -> str | None:
    """The language of a text, as ISO 639-1; None where it is not clear, as for short texts."""
    start = text[:_READ]
    if len(_LETTERS.findall(start)) < _LEAST_LETTERS:
        return None
    language, probability = _identifier().classify(start)
    return str(language) if probability >= _SURE else None


def find_other_languages(rows: CheckedRows) -> list[DataFinding]:
    """Rows that are not in the language of most rows."""
    languages, _ = count_languages(rows)
    counts = Counter(languages.values())
    if len(counts) < 2:
        return []
    main = counts.most_common(1)[0][0]
    kept = {language for language, count in counts.items() if language != main and count >= max(2, _LEAST_SHARE * len(languages))}
    others = [row for row, language in languages.items() if language in kept]
    if not others:
        return []
    values = {language: count for language, count in counts.most_common() if language == main or language in kept}
    return [
        DataFinding(
            "other_languages",
            "notes",
            len(others),
            len(languages),
            rows=tuple(rows.flag(row, value=languages[row]) for row in others[:MOST_ROWS]),
            splits=rows.count_by_split(others),
            values=dict(list(values.items())[:SHOWN_LANGUAGES]),
        )
    ]


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_DIR / MODEL_FILE, norm_probs=True)
