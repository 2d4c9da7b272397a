"""Is it fixed? The complaints of users as a regression suite: the candidate answers them again.

    labels    fixed: the right label. Broken: any other; without a right label, only the one that was complained about
    texts     fixed: the corrected text. Broken: the text that was complained about
    others    errors are numbers, names and denials that only one of a text and the corrected one has. Broken: the answer has some of a kind
              that the wrong text has. Fixed: the wrong text has errors, and the answer has none, as many words such as "not", and word for
              word the sentences that were corrected

Everything else is unclear: a person must look. Errors alone cannot show that an answer is right: "Take 10 mg of aspirin" has none against
"Take 10 mg of lisinopril". What a person has decided about exactly this output comes first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.errors import BenchError
from harness.metrics import count_negation_words, find_unsupported, sentences
from harness.results import FinishedCell, StrategyResult
from harness.types import Example, Prediction

CaseOutcome: TypeAlias = Literal["fixed", "broken", "unclear"]
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+")
_CRITICAL_KINDS = frozenset(("number", "name", "negation"))  # of the pieces of a text that another one does not support


@dataclass(frozen=True)
class ComplaintCase:
    """An answer that users complained about, which a person has confirmed.

    Attributes:
        id: of the answer.
        inputs: what the model reads; empty where that is not known.
        faulty: what it wrote; None where that is not known.
        corrected: what is right; None where that is not known.
        judged: what people said about other outputs for this case, by `digest_output`.
    """

    id: str
    inputs: Mapping[str, str]
    faulty: str | None
    corrected: str | None
    judged: Mapping[str, CaseOutcome] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseResult:
    """How a model does on a case. `output` is None where it could not answer."""

    case: ComplaintCase
    outcome: CaseOutcome
    output: str | None


def run_complaints(model: StrategyResult, cases: Sequence[ComplaintCase], model_path: str | None = None) -> tuple[CaseResult, ...]:
    """Let a model answer the cases, and compare. Unclear is a case that lacks its inputs, and every case for external outputs and cascades.

    Args:
        model: a strategy with one cell.
        model_path: where the base model is, if its name does not tell.

    Raises:
        BenchError: the base model is not here, or a file of the model is damaged.
    """
    if not model.definition.has_model or not cases:
        return tuple(CaseResult(case, "unclear", None) for case in cases)
    from harness.engine.artifacts import device_for, find_base, load_finished

    finished = FinishedCell(model.run, model.cell)
    examples = {case.id: example for case in cases if (example := _fit(finished, case)) is not None}
    predictor = load_finished(finished, find_base(finished, model_path), device_for(model.run)) if examples else None
    predictions = predictor.predict(tuple(examples.values())) if predictor is not None else []
    answers = {prediction.example_id: prediction for prediction in predictions}
    return tuple(judge_case(case, answers.get(case.id), chooses=model.task.chooses) for case in cases)


def judge_case(case: ComplaintCase, prediction: Prediction | None, *, chooses: bool) -> CaseResult:
    """Whether an answer still has the fault. See the head of the module.

    Args:
        prediction: None where the model could not answer.
        chooses: whether the answer is a label.
    """
    if prediction is None:
        return CaseResult(case, "unclear", None)
    answer = prediction.answer
    judged = case.judged.get(digest_output(prediction.output))
    if judged is not None:
        return CaseResult(case, judged, prediction.output)
    if case.corrected is not None and _same(answer, case.corrected):
        outcome: CaseOutcome = "fixed"
    elif (case.faulty is not None and _same(answer, case.faulty)) or (chooses and case.corrected is not None):
        outcome = "broken"
    elif chooses or case.corrected is None or case.faulty is None:
        outcome = "unclear"
    else:
        outcome = _compare_errors(answer, case.faulty, case.corrected)
    return CaseResult(case, outcome, prediction.output)


def digest_output(output: str) -> str:
    """sha256 (hex) of an output, by which a person's judgement is found again."""
    return hashlib.sha256(output.encode("utf-8", "replace")).hexdigest()


def _fit(finished: FinishedCell, case: ComplaintCase) -> Example | None:
    """The case as an example for this model; None where it lacks an input that the prompt needs."""
    from harness.engine.artifacts import fit_examples

    if not case.inputs:
        return None
    try:
        return fit_examples(finished, (Example(case.id, case.inputs, ()),), "complaints")[0]
    except BenchError:
        return None


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


def _compare_errors(answer: str, faulty: str, corrected: str) -> CaseOutcome:
    """By the kinds of critical errors of both texts against the corrected one: what one of them states and the other does not."""
    faults, errors = _list_errors(faulty, corrected), _list_errors(answer, corrected)
    if not faults or not answer.strip():
        return "unclear"  # these errors cannot show what was wrong
    if faults & errors:
        return "broken"
    denies_as_much = count_negation_words(answer) == count_negation_words(corrected)
    return "fixed" if denies_as_much and not errors and _repeats_correction(answer, faulty, corrected) else "unclear"


def _repeats_correction(answer: str, faulty: str, corrected: str) -> bool:
    """Whether the sentences that were corrected stand in the answer, word for word. Not where nothing was added or changed: that something
    is gone, a text with other words does not show."""
    changed = [words for sentence in sentences(corrected) if (words := _list_words(sentence)) not in _list_words(faulty)]
    own = _list_words(answer)
    return bool(changed) and all(words in own for words in changed)


def _list_words(text: str) -> str:
    """The words and numbers in order, between spaces: case and punctuation do not count."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _list_errors(text: str, corrected: str) -> frozenset[str]:
    """The kinds of pieces that only one of the two texts has."""
    kinds: set[str] = set()
    for source, output in ((corrected, text), (text, corrected)):
        kinds |= {piece.kind for piece in find_unsupported(Example("", {"text": source}, ()), Prediction("", output))}
    return frozenset(kinds & _CRITICAL_KINDS)
