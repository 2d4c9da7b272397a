"""Texts that leave a run, in a report or for raters: which identifiers they contain, and their surrogates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.data.privacy.anonymizer import Anonymizer
from harness.data.privacy.detectors import find_identifiers
from harness.data.privacy.keys import new_key
from harness.data.privacy.surrogates import Scope

MOST_CHECKED = 2000  # texts that are searched where nothing is replaced: about a millisecond each


def count_identifiers(texts: Iterable[str]) -> Counter[str]:
    """The identifiers that patterns find in texts, by kind."""
    return Counter(each.kind for text in texts for each in find_identifiers(text))


class TextGuard:
    """Counts the identifiers in texts, and replaces them if asked to.

    Args:
        anonymize: whether identifiers become surrogates.
        key: what these are drawn with; by default a key that is not kept.

    Attributes:
        counts: identifiers by kind.
        skipped: texts that were not searched, because there were too many.
    """

    def __init__(self, *, anonymize: bool, key: bytes | None = None) -> None:
        self.is_anonymizing = anonymize
        self.counts: Counter[str] = Counter()
        self.skipped = 0
        self._checked = 0
        self._anonymizer = Anonymizer(key or new_key(), "surrogates")
        self._scopes: dict[str, Scope] = {}

    def pass_text(self, text: str, within: str) -> str:
        """The text as it may leave.

        Args:
            within: the example or the group that the text belongs to, in which surrogates stay the same.
        """
        if not self.is_anonymizing:
            self._check(text)
            return text
        if within not in self._scopes:
            self._scopes[within] = self._anonymizer.new_scope(within)
        anonymized, changes = self._anonymizer.anonymize_text(text, self._scopes[within])
        self.counts.update(change.kind for change in changes)
        return anonymized

    def _check(self, text: str) -> None:
        if self._checked >= MOST_CHECKED:
            self.skipped += 1
            return
        self._checked += 1
        self.counts.update(each.kind for each in find_identifiers(text))
