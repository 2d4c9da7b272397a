"""The faithfulness scores, and the pieces that they count."""

from __future__ import annotations

import pytest
from places import SHARED

from harness.metrics import check_family
from harness.metrics.faithfulness import FAITHFULNESS, find_unsupported
from harness.metrics.faithfulness.claims import sentences
from harness.metrics.faithfulness.faithfulness import SCORES
from harness.metrics.faithfulness.omission import omitted_pieces
from harness.metrics.faithfulness.unsupported import unsupported_pieces
from harness.metrics.join import MissingPrediction
from harness.types import Example, Prediction

DATA = SHARED / "data"
SOURCE = (
    "Doctor: Hello, Mara Oduya. How old are you?\nPatient: Twenty-six. I have had a headache for two weeks.\n"
    "Doctor: Any fever?\nPatient: No, never.\nDoctor: Nausea?\nPatient: Yes, in the mornings.\n"
    "Doctor: Take lisinopril 20 mg once a day. Your pressure was 120/80 on 03/05/2024, and you weigh 1,200 ounces."
)


@pytest.mark.parametrize(
    ("sentence", "pieces"),
    [
        ("Mara Oduya is a 26-year-old with headache for 2 weeks.", []),
        ("She denies fever. Nausea in the mornings.", []),
        ("Lisinopril 20 milligrams. Pressure 120/80 on 2024-03-05.", []),
        ("Weight: 1200 ounces", []),
        ("1. Headache\n2) Nausea\n- Lisinopril", []),
        ("Lisinopril 40 mg.", ["number 40 mg"]),
        ("Lisinopril 20 mcg.", ["number 20 mcg"]),
        ("Lisinopril 0.02 g.", []),
        ("Headache for three weeks.", ["number 3 week"]),
        ("Seen on 3/6/24.", ["number 2024-03-06"]),
        ("On March 5th, 2024, in 2024.", []),
        ("On 5 Mar 2024.", []),
        ("On 6 March 2024.", ["number 2024-03-06"]),
        ("Lisinopril 20,0 mg.", []),
        ("Lisinopril 20,5 mg.", ["number 20.5 mg"]),
        ("Then Mara Odiya left.", ["name Odiya", "word left"]),
        ("She takes warfarin.", ["word warfarin"]),
        ("She has a fever.", ["negation fever"]),
        ("She has no nausea.", ["negation nausea"]),
        ("No vomiting.", ["word vomiting"]),
        ("Denies: weakness", ["word weakness"]),
        ("She has no cough at night.", ["word cough", "word night"]),
        ("Warfarin 5 mg, warfarin 5 mg.", ["number 5 mg", "word Warfarin"]),
        ("The patient says that she thinks about it.", []),
        ("", []),
        ("…", []),
        ("- \n2.\n", []),
    ],
)
def test_unsupported_pieces(sentence: str, pieces: list[str]) -> None:
    assert [str(piece) for piece in unsupported_pieces(sentence, (SOURCE,))] == pieces


def test_reference_supports_too() -> None:
    row = example(SOURCE, "Mara Oduya, a teacher, has migraine.")
    assert find_unsupported(row, Prediction("e", "A teacher with migraine.")) == ()
    assert [piece.text for piece in find_unsupported(row, Prediction("e", "A farmer with migraine."))] == ["farmer"]


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("smoker", "I smoke."),
        ("nonsmoker", "I don't smoke."),
        ("went", "They go home."),
        ("bought", "I buy it."),
        ("cesarean", "a cesarian birth"),
        ("abdominal", "pain in the abdomen"),
        ("physical therapy", "I got referred to P T twice."),
        ("EKG", "How about my E K G?"),
        ("Samantha", "Sam: hi"),
        ("friendly", "familyFriendly: yes"),
    ],
)
def test_other_form_of_a_word_is_supported(word: str, text: str) -> None:
    assert unsupported_pieces(f"There was {word}.", (text,)) == ()


@pytest.mark.parametrize(
    ("word", "text"), [("prednisone", "prednisolone"), ("Losec", "Lasix"), ("hydroxyzine", "hydralazine"), ("fox", "fog")]
)
def test_similar_word_is_not_the_same_word(word: str, text: str) -> None:
    assert unsupported_pieces(f"Given {word}.", (f"Given {text}.",))


def test_sentences_do_not_end_after_a_title() -> None:
    assert sentences("Seen by Dr. Grey at 3.5 hours. It went well!\nNo. 5 is next") == (
        "Seen by Dr. Grey at 3.5 hours.",
        "It went well!",
        "No. 5 is next",
    )


def example(source: str, *targets: str) -> Example:
    return Example("e", {"input": source}, targets)


def score(name: str, row: Example, prediction: Prediction) -> float | None:
    metric = FAITHFULNESS.build(())[SCORES.index(name)]
    statistic = metric.per_example(row, prediction)
    return None if statistic is None else statistic[0]


def test_scores_of_an_output() -> None:
    row = example(SOURCE, "Headache for two weeks. No fever. Lisinopril 20 mg.", "Nothing else.")
    output = Prediction("e", "Headache for two weeks. Warfarin 5 mg.")
    assert score("unsupported_count", row, output) == 2  # warfarin, 5 mg
    assert score("unsupported_rate", row, output) == 0.5  # of: headache, 2 weeks, warfarin, 5 mg
    assert (score("number_error_rate", row, output), score("name_error_rate", row, output)) == (1, 0)
    assert score("negation_error_rate", row, output) == 0
    assert score("negation_error_rate", row, Prediction("e", "Fever for two weeks.")) == 1
    assert score("name_error_rate", row, Prediction("e", "I saw Lena Brandt.")) == 1


def test_omission_is_graded() -> None:
    row = example(SOURCE, "Headache for two weeks. No fever. Lisinopril 20 mg.")
    assert score("omission_rate", row, Prediction("e", "Headache for 2 weeks, no fever. Lisinopril 20 mg.")) == 0.0
    assert score("omission_rate", row, Prediction("e", "Headache. Fever.")) == pytest.approx(3 / 5)
    assert omitted_pieces("Headache. Fever.", row.targets[0]) == ("2 week", "20 mg", "Lisinopril")
    best = example(SOURCE, *row.targets, "A headache.")
    assert score("omission_rate", best, Prediction("e", "Headache. Fever.")) == 0.0, "the best of several references counts"
    assert score("omission_rate", example(SOURCE, "None."), Prediction("e", "Nothing.")) == 0.0, "a reference without a piece is covered"


def test_empty_and_missing_outputs() -> None:
    row = example(SOURCE, "Headache.")
    empty = {name: score(name, row, Prediction("e", "")) for name in SCORES}
    assert empty == dict.fromkeys(SCORES, 0.0) | {"omission_rate": 1.0}
    assert {name: score(name, row, MissingPrediction("e", "")) for name in SCORES} == dict.fromkeys(SCORES, 1.0)
    assert score("omission_rate", example(SOURCE, "None."), MissingPrediction("e", "")) == 1.0


def test_scores_that_do_not_apply() -> None:
    for name in SCORES:
        assert (score(name, example("", "x"), Prediction("e", "anything")) is None) == (name != "omission_rate")
    assert score("omission_rate", example(SOURCE), Prediction("e", "anything")) is None
    assert score("omission_rate", example(SOURCE, "—"), Prediction("e", "anything")) is None


@pytest.mark.parametrize(
    "output",
    ["病人说没有发烧。", "Kein Fieber, Übelkeit seit drei Wochen.", "\x00\x1b[31m \ufeff", "1" * 400, "a " * 50_000, "No. " * 10_000,
     "one " * 5_000, "A B " * 5_000, "not " * 5_000, "Amy: hi\n" * 5_000, "Do not " * 5_000, "twenty-" * 5_000, "O" * 50_000, "1:" * 5_000],
)  # fmt: skip
@pytest.mark.parametrize("is_input", [False, True], ids=["output", "input"])
def test_hostile_texts_have_scores(output: str, is_input: bool) -> None:
    row = example(output if is_input else SOURCE, "Headache.")
    for name in SCORES:
        value = score(name, row, Prediction("e", SOURCE if is_input else output))
        assert value is None or value >= 0
        assert value is None or name == "unsupported_count" or value <= 1


def test_family_fulfils_the_contract() -> None:
    rows = [example(SOURCE, "Headache for two weeks. No fever."), example("It cost 5 dollars.", "5 dollars")]
    rows = [Example(str(i), row.inputs, row.targets) for i, row in enumerate(rows)]
    check_family(FAITHFULNESS, rows, [Prediction("0", "Fever for two weeks."), Prediction("1", "6 dollars")])


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("يعاني المريض من صداع منذ أسبوعين.", "صداع منذ أسبوعين.", "المريض مصاب بالسكري."),
        ("Пациент жалуется на головную боль две недели.", "Головная боль две недели.", "У пациента диабет."),
        ("환자는 두통 때문에 왔다.", "두통", "당뇨"),
        ("Der Patient klagt über Kopfschmerzen.", "Kopfschmerzen.", "Der Patient hat Asthma."),
        ("The patient has a headache.", "Headache.", "糖尿"),
    ],
)
def test_inventions_in_other_languages_are_never_supported(source: str, right: str, wrong: str) -> None:
    example = Example("e", {"input": source}, ())
    counts = {m.name: m.per_example for m in FAITHFULNESS.build(())}
    assert counts["unsupported_rate"](example, Prediction("e", right)) == (0.0,)
    assert (counts["unsupported_rate"](example, Prediction("e", wrong)) or (0.0,))[0] > 0


@pytest.mark.parametrize("source", ["患者主诉头痛两周，否认发热。", "患者は頭痛を訴えた。", "ผู้ป่วยปวดศีรษะสองสัปดาห์"])
def test_texts_without_spaces_between_words_have_no_scores(source: str) -> None:
    """A score of 0 would say that everything is supported, although no word was compared."""
    example = Example("e", {"input": source}, (source,))
    for metric in FAITHFULNESS.build(()):
        for answer in (source, "糖尿", "Diabetes 20 mg"):
            assert metric.per_example(example, Prediction("e", answer)) is None, metric.name
    assert find_unsupported(example, Prediction("e", "糖尿病")) == ()
