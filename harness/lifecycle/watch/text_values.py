"""What is measured in a text: its words, its language, its identifiers, and whether it is an answer at all."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from functools import lru_cache

from harness.data.privacy import find_identifiers
from harness.data.similarity import split_words
from harness.types import Example

WORD_GROUPS = 64
_MOST_READ = 20_000  # characters of a text: more costs time and says the same
_REFUSAL = re.compile(
    r"\s*(?:(?:i['’]?m|i am|we are|we['’]re) (?:very |so )?(?:sorry|unable|not able)|sorry\b|unfortunately,? i (?:can|am)|"
    r"i (?:can ?not|can['’]t|won['’]t)|as an ai\b|as a (?:large )?language model\b)",
    re.IGNORECASE,
)  # English


def read_inputs(example: Example) -> str:
    """All inputs of an example as one text."""
    return "\n".join(example.inputs.values())[:_MOST_READ]


def count_words(text: str) -> int:
    """The words of a text, separated by white space."""
    return len(text.split())


def hash_words(text: str) -> dict[str, str]:
    """The distinct words of a text by bucket, case ignored; of words that share a bucket the first by alphabet."""
    return {hash_word(word): word for word in sorted(split_words(text[:_MOST_READ]), reverse=True)}


@lru_cache(maxsize=2**17)
def hash_word(word: str) -> str:
    """The bucket of a word, four hex digits of its sha256. Of all words of a language, several share each bucket, on purpose."""
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()[:4]


@lru_cache(maxsize=2**17)
def group_word(word: str) -> str:
    """Which of the `WORD_GROUPS` groups a word belongs to: words are dealt out to them by hash."""
    return str(int(hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()[4:8], 16) % WORD_GROUPS)


def share_of_new_words(buckets: Mapping[str, str], known: Mapping[str, int]) -> float | None:
    """The share of the distinct words of a text whose bucket no reference text uses; None without words."""
    return sum(bucket not in known for bucket in buckets) / len(buckets) if buckets else None


def weigh_words(buckets: Mapping[str, str], document_counts: Mapping[str, int], documents: int) -> dict[str, float]:
    """The text as a vector of length 1 (tf-idf with presence as tf); empty without words.

    The weight is that of scikit-learn, log((1 + n)/(1 + df)) + 1, for n texts, df of which have the word.
    """
    weights = {bucket: math.log((1 + documents) / (1 + document_counts.get(bucket, 0))) + 1 for bucket in buckets}
    length = math.sqrt(math.fsum(weight**2 for weight in weights.values()))
    return {bucket: weight / length for bucket, weight in weights.items()} if length else {}


def find_kinds(text: str) -> frozenset[str]:
    """The kinds of identifiers of people in a text."""
    return frozenset(identifier.kind for identifier in find_identifiers(text[:_MOST_READ]))


def is_no_answer(output: str) -> bool:
    """Whether an output is blank, or starts as models do that refuse (in English)."""
    return not output.strip() or _REFUSAL.match(output) is not None
