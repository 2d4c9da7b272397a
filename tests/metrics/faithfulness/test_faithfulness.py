"""The detection rates of the faithfulness scores, measured on synthetic clinic texts with one known error each."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from places import SHARED

from harness.data import load_splits
from harness.metrics import check_family
from harness.metrics.faithfulness.claims import extract_claims, sentences
from harness.metrics.faithfulness.faithfulness import (
    FAITHFULNESS,
    omission_rate,
    omitted_sentences,
    unsupported_rate,
    unsupported_sentences,
)
from harness.metrics.faithfulness.quantities import quantities
from harness.metrics.join import MissingPrediction
from harness.types import Example, Prediction, Task

Change = Callable[[str, Example, Example, random.Random], str | None]
DATA = SHARED / "data"


def text_of(example: Example) -> str:
    return "\n".join(example.inputs.values())


def pieces(text: str) -> list[str]:
    """Lines or sentences, and the separators between them."""
    return re.split(r"(\n|(?<=[.!?]) )", text)


def indices_with_claims(parts: list[str]) -> list[int]:
    """The indices of the parts that claim something."""
    return [i for i, part in enumerate(parts) if extract_claims(part).words or extract_claims(part).quantities]


def changed_number(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    match = rng.choice(list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?", target)))
    new = str(int(float(match.group())) + rng.choice([1, 2, 3, 5, 7, 10, 20, 100]))
    return target[: match.start()] + new + target[match.end() :]


def swapped_name(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    return target.replace(example.meta["name"], other.meta["name"])


def inserted(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts, others = pieces(target), pieces(other.targets[0])
    at = rng.randrange(0, len(parts), 2)
    return "".join([*parts[:at], others[rng.choice(indices_with_claims(others))], "\n" if "\n" in target else " ", *parts[at:]])


def dropped(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts = pieces(target)
    at = rng.choice(indices_with_claims(parts))
    return "".join(parts[:at] + parts[at + 2 :])


def negated(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts = pieces(target)
    if "\n" in target:
        at = rng.choice([i for i, part in enumerate(parts) if part.startswith(("Denies:", "Complaint:"))])
        before, after = ("Denies:", "Has:") if parts[at].startswith("Denies:") else ("Complaint:", "Denies:")
        parts[at] = parts[at].replace(before, after)
        return "".join(parts)
    denying = [i for i, part in enumerate(parts) if re.search(r"\b(no|without)\b", part)]
    if not denying:
        return None
    at = rng.choice(denying)
    parts[at] = re.sub(r"\b(no|without)\b", lambda m: "with" if m.group() == "without" else "some", parts[at], count=1)
    return "".join(parts)


@pytest.fixture(scope="module", params=["summarization", "generation"])
def clinic(request: pytest.FixtureRequest) -> list[Example]:
    """Records of the clinic, including those with the vocabulary of the test set."""
    data = {"source": "clinic", "size": 400, "seed": 11}
    task = Task(name="notes", kind=request.param, data=data, prompt="{{ input }}", metrics=("rouge",), primary="rougeL")
    splits = load_splits(task, folder=Path())
    return [*splits.train, *splits.test]


@pytest.mark.parametrize("change", [changed_number, swapped_name, inserted, dropped, negated], ids=lambda f: f.__name__)
def test_introduced_errors_are_detected(clinic: list[Example], change: Change) -> None:
    rng = random.Random(0)
    detected = tried = 0
    for example in clinic:
        other, target = rng.choice(clinic), example.targets[0]
        if other.meta["name"] == example.meta["name"]:
            continue
        wrong = change(target, example, other, rng)
        if wrong is None or wrong == target:
            continue
        tried += 1
        if change is dropped:
            detected += bool(omitted_sentences(wrong, target))
        else:
            detected += len(unsupported_sentences(wrong, text_of(example))) > len(unsupported_sentences(target, text_of(example)))
    assert tried > 300
    assert detected / tried >= 0.9, f"{detected} of {tried}"


def test_false_alarms_are_rare(clinic: list[Example]) -> None:
    alarms = [target for example in clinic for target in example.targets if unsupported_sentences(target, text_of(example))]
    assert len(alarms) < 0.05 * sum(len(example.targets) for example in clinic), alarms[:5]
    assert not any(omitted_sentences(target, target) for example in clinic for target in example.targets)


SOURCE = (
    "Doctor: Hello, Mara Oduya. How old are you?\nPatient: Twenty-six. I have had a headache for two weeks.\n"
    "Doctor: Any fever?\nPatient: No, never.\nDoctor: Nausea?\nPatient: Yes, in the mornings.\n"
    "Doctor: Take lisinopril 20 mg once a day. Your pressure was 120/80 on 03/05/2024, and you weigh 1,200 ounces."
)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Mara Oduya is a 26-year-old with headache for 2 weeks.", ""),
        ("She denies fever. Nausea in the mornings.", ""),
        ("Prescribed lisinopril 20 milligrams. Pressure 120/80 on 2024-03-05.", ""),
        ("Weight: 1200 ounces", ""),
        ("1. Headache\n2) Nausea\n- Lisinopril", ""),
        ("Lisinopril 40 mg.", "number 40 mg"),
        ("Lisinopril 20 mcg.", "number 20 mcg"),
        ("Headache for three weeks.", "number 3 week"),
        ("Seen on 3/6/24.", "number 2024-03-06"),
        ("Seen on March 5th, 2024, in 2024.", ""),
        ("Seen on 5 Mar 2024.", ""),
        ("Seen on 6 March 2024.", "number 2024-03-06"),
        ("Lisinopril 20,0 mg.", ""),
        ("Lisinopril 20,5 mg.", "number 20.5 mg"),
        ("Then Mara Odiya left.", "name odiya"),
        ("She takes warfarin.", "term warfarin"),
        ("She has a fever.", "negation"),
        ("She has no nausea.", "negation"),
        ("No vomiting.", "term vomit"),
        ("Denies: weakness", "word weak"),
        ("She has no cough at night.", "term cough"),
        ("Do not take more than you need.", ""),
        ("", ""),
        ("…", ""),
        ("- \n2.\n", ""),
    ],
)
def test_reasons(sentence: str, reason: str) -> None:
    unsupported = unsupported_sentences(sentence, SOURCE)
    assert (unsupported[0][1] if unsupported else "") == reason


def test_numbers_in_digits_and_words() -> None:
    numbers = set(quantities("1,000 mg, twenty-six years, 120/80 mmHg, two hundred people, .5 ml, 5% and an hour, version2, items 1,2,3"))
    assert {str(q) for q in numbers} == {"1000 mg", "26 year", "120", "80 mmhg", "200", "0.5 ml", "5 %", "1", "2", "3"}


def test_number_formats_of_other_countries() -> None:
    numbers = [str(q) for q in quantities("12,5 mg, 10\u202f000 euros, 1\u00a0234,5 km, 2 500 mg tablets, 1,000,000 and 3,4,5")]
    assert numbers == ["12.5 mg", "10000 euro", "1234.5 km", "2", "500 mg", "1e+06", "3", "4", "5"]


@pytest.mark.parametrize("written", ["3rd of Sept. 2023", "September 3, 2023", "Sep 3rd 2023", "3 september 2023", "3.9.23", "2023-09-03"])
def test_date_is_one_number_in_any_notation(written: str) -> None:
    assert [str(q) for q in quantities(f"Seen on {written}.")] == ["2023-03-09"]
    assert unsupported_sentences("In 2023, on the 3rd.", f"Seen on {written}.") == ()


def test_two_weeks_are_fourteen_days() -> None:
    assert unsupported_sentences("Back in 14 days.", "Come back in two weeks.") == ()
    assert unsupported_sentences("Back in 15 days.", "Come back in two weeks.")[0][1] == "number 15 day"


def test_sentences_do_not_end_after_a_title() -> None:
    assert sentences("Seen by Dr. Grey at 3.5 hours. It went well!\nNo. 5 is next") == (
        "Seen by Dr. Grey at 3.5 hours.",
        "It went well!",
        "No. 5 is next",
    )


def example(source: str, *targets: str) -> Example:
    return Example("e", {"input": source}, targets)


def test_rates() -> None:
    row = example(SOURCE, "Headache for two weeks. No fever. Lisinopril 20 mg.", "Nothing else.")
    assert unsupported_rate(row, Prediction("e", "Headache for two weeks. Warfarin 5 mg.")) == 0.5
    assert omission_rate(row, Prediction("e", "Headache for 2 weeks, no fever. Lisinopril 20 mg.")) == 0.0
    assert omission_rate(example(SOURCE, "Headache. No fever. Lisinopril 20 mg."), Prediction("e", "Headache. Fever.")) == pytest.approx(
        2 / 3
    )
    assert (unsupported_rate(row, Prediction("e", "")), omission_rate(example(SOURCE, "Headache."), Prediction("e", ""))) == (0.0, 1.0)
    assert unsupported_rate(row, MissingPrediction("e", "")) == 1.0
    assert omission_rate(example(SOURCE, "None."), MissingPrediction("e", "")) == 1.0


def test_scores_that_do_not_apply() -> None:
    assert unsupported_rate(example("", "x"), Prediction("e", "anything")) is None
    assert omission_rate(example(SOURCE), Prediction("e", "anything")) is None
    assert omission_rate(example(SOURCE, "—"), Prediction("e", "anything")) is None


@pytest.mark.parametrize(
    "output",
    ["病人说没有发烧。", "Kein Fieber, Übelkeit seit drei Wochen.", "\x00\x1b[31m \ufeff", "1" * 400, "a " * 50_000, "No. " * 10_000],
)
def test_every_output_has_a_rate(output: str) -> None:
    rate = unsupported_rate(example(SOURCE, "Headache."), Prediction("e", output))
    assert rate is not None and 0 <= rate <= 1


def test_family_fulfils_the_contract() -> None:
    rows = [example(SOURCE, "Headache for two weeks. No fever."), example("It cost 5 dollars.", "5 dollars")]
    rows = [Example(str(i), row.inputs, row.targets) for i, row in enumerate(rows)]
    check_family(FAITHFULNESS, rows, [Prediction("0", "Fever for two weeks."), Prediction("1", "6 dollars")])


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the published files in ../shared/data")
def test_real_references_have_rates() -> None:
    """The rates are reported in tasks/README.md. They have no bound, because these references do contain unsupported statements."""
    import pandas as pd

    rows = pd.read_csv(DATA / "mts-dialog" / "MTS-Dialog-ValidationSet.csv")
    rates = [unsupported_rate(example(d, t), Prediction("e", t)) for d, t in zip(rows.dialogue, rows.section_text, strict=True)]
    assert all(rate is not None and 0 <= rate <= 1 for rate in rates)
    assert any(rate == 0 for rate in rates) and any(rate == 1 for rate in rates)
