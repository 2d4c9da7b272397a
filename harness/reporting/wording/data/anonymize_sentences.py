"""What `bench data anonymize` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.reporting.views import KindRecall
from harness.reporting.wording import numbers
from harness.text import plural

# By kind: one of them, and several.
KIND_NAMES = {
    "NAME": ("name", "names"),
    "STREET": ("street address", "street addresses"),
    "CITY": ("city", "cities"),
    "ZIP": ("postal code", "postal codes"),
    "DATE": ("date", "dates"),
    "AGE": ("age over 89", "ages over 89"),
    "PHONE": ("phone number", "phone numbers"),
    "FAX": ("fax number", "fax numbers"),
    "EMAIL": ("e-mail address", "e-mail addresses"),
    "SSN": ("social security number", "social security numbers"),
    "RECORD": ("record number", "record numbers"),
    "HEALTH_PLAN": ("health plan number", "health plan numbers"),
    "ACCOUNT": ("account number", "account numbers"),
    "LICENSE": ("license number", "license numbers"),
    "VEHICLE": ("vehicle number", "vehicle numbers"),
    "DEVICE": ("device number", "device numbers"),
    "URL": ("web address", "web addresses"),
    "IP": ("IP address", "IP addresses"),
    "CARD": ("card number", "card numbers"),
    "CODE": ("other code", "other codes"),
}
SAMPLE_TITLE = "What did anonymization miss?"
SAMPLE_TASK = (
    "Underlined parts replace identifiers. Read each text, and mark every identifier of a person that is left: select it, choose its kind, "
    "and press the button. Then download your marks, and import them with --marked. The file holds counts and no text."
)
SAMPLE_WITHOUT_SCRIPT = "This page needs JavaScript, which is disabled. Enable it."
SAMPLE_DOWNLOAD = "Download my marks"
SAMPLE_PROGRESS = "Texts read"
SAMPLE_ANSWERS = "Answers"
CHECKED = (
    f"Patterns checked for {len(KIND_NAMES)} kinds of identifiers. Identifiers that no pattern fits remain: read a sample before you "
    f"share the file."
)
_MOVED = (
    "Dates were moved by whole weeks. Moved dates are outside HIPAA Safe Harbor and need an expert's determination; --mode remove "
    "keeps only years."
)


def describe_anonymization(mode: str, rows: int, counts: Mapping[str, int], *, new_key: str, mapping: str) -> list[str]:
    """What was replaced, and what the user has to know.

    Args:
        counts: by kind.
        new_key: the key file that was created; "" if none was.
        mapping: the mapping that was written; "" if none was.
    """
    what = list_counts(counts)
    lines = [f"{plural(rows, 'row')}: replaced {what}." if what else f"{plural(rows, 'row')}: no identifiers found.", CHECKED]
    if mode == "surrogates" and counts.get("DATE"):
        lines.append(_MOVED)
    if new_key:
        lines.append(f"A new key is in {new_key}. Keep it apart from the data: with it, the surrogates can be traced.")
    if mapping:
        lines.append(f"The encrypted originals are in {mapping}.")
    return lines


def describe_guard(counts: Mapping[str, int], *, skipped: int, is_anonymized: bool, remedies: str) -> list[str]:
    """One line about the identifiers in texts that leave a run; none if there are none.

    Args:
        counts: by kind.
        skipped: texts that were not searched.
        remedies: the options that help.
    """
    what = list_counts(counts)
    if is_anonymized:
        return [f"Replaced {what or 'nothing'}. Patterns checked; identifiers that no pattern fits remain."]
    rest = f" in the first texts ({plural(skipped, 'further text')} not searched)" if skipped else ""
    return [f"Warning: the texts contain what looks like identifiers of people{rest}: {what}. Use {remedies}."] if what else []


def describe_recall(read: int, recalls: Sequence[KindRecall]) -> list[str]:
    """The share of identifiers that was found, by kind."""
    lines = [f"Recall in {plural(read, 'text')} that were read, with 95% CIs:"]
    for each in recalls:
        name = "all" if each.kind is None else KIND_NAMES[each.kind][1]
        interval = numbers.share_interval(each.low, each.high)
        lines.append(f"  {name}: {each.replaced:,} of {each.total:,} found, {numbers.share(each.share)} ({interval})")
    return [*lines, "What was replaced counts as found. Identifiers that were not marked are not counted as missed."]


def describe_prompt(counts: Mapping[str, int], *, is_anonymized: bool = False) -> list[str]:
    """One line about the identifiers in the prompt and the labels that an export contains; none if there are none.

    Args:
        is_anonymized: whether they were replaced in what was written.
    """
    what = list_counts(counts)
    if not what:
        return []
    if is_anonymized:
        return [
            f"Replaced in the exported prompt: {what}. The model was trained with the original prompt, so its outputs may differ from the "
            "measured ones. Patterns checked; what no pattern fits remains."
        ]
    return [f"Warning: the exported prompt or its labels contain what looks like identifiers of people: {what}. Use --anonymize."]


def describe_sample(page: str, name: str) -> str:
    """Where the sample is, and what to do with it.

    Args:
        name: of the anonymized file.
    """
    return f"Mark what was missed in {page}, and import the marks: bench data anonymize {name} --marked FILE"


def describe_restoration(rows: int) -> str:
    """What `--reverse` did."""
    return f"{plural(rows, 'row')} restored. The file contains the original identifiers."


def list_counts(counts: Mapping[str, int]) -> str:
    """Counts by kind, most frequent first: "12 names, 3 dates"."""
    ordered = sorted((kind for kind in counts if counts[kind]), key=lambda kind: (-counts[kind], kind))
    return ", ".join(f"{counts[kind]:,} {KIND_NAMES[kind][counts[kind] != 1]}" for kind in ordered)
