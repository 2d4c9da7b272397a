"""Asks a model of this machine for verdicts: greedily, with its own chat template, through the one scoring path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel, ModelSource, find_device, load_model
from harness.errors import BenchError
from harness.judging.asking.judge_task import make_judge_example, make_judge_task
from harness.judging.asking.kept_judgements import KeptJudgements
from harness.judging.judge_questions import JudgeQuestion
from harness.judging.judge_record import Judgement
from harness.judging.verdict_parsing import ParsedAnswer, parse_answer
from harness.types import JudgeSpec, Prediction, Strategy


def ask_local_judge(
    spec: JudgeSpec,
    questions: Sequence[JudgeQuestion],
    kept: KeptJudgements,
    source: ModelSource,
    *,
    on_progress: Callable[[int], None],
) -> list[Judgement]:
    """The answers to all questions, in order; those of an interrupted call are not asked again.

    Args:
        on_progress: receives the number of answers so far.

    Raises:
        BenchError: the model cannot be loaded, or writes no text.
    """
    done = kept.read(questions)
    on_progress(len(done))
    waiting = [question for question in questions if question.key not in done]
    if not waiting:
        return [done[question.key] for question in questions]
    loaded = load_model(source, find_device())
    if loaded.shape == "encoder":
        raise BenchError(f"judge '{spec.name}': {source.name} is an encoder, which cannot write or choose a verdict. Name a decoder.")

    def keep(judgement: Judgement) -> None:
        kept.append(judgement)
        done[judgement.key] = judgement

    _ask(spec, waiting, loaded, keep, lambda: on_progress(len(done)))
    return [done[question.key] for question in questions]


def _ask(
    spec: JudgeSpec,
    questions: Sequence[JudgeQuestion],
    loaded: LoadedModel,
    keep: Callable[[Judgement], None],
    on_batch: Callable[[], None],
) -> None:
    task = make_judge_task(spec)
    predictor = Predictor(task, Strategy(name="judge", method="prompt"), loaded, task.labels)
    examples = [make_judge_example(i, each, task) for i, each in enumerate(questions)]
    prompts = predictor.prompts(examples)
    asked = [i for i, prompt in enumerate(prompts) if not prompt.truncated]
    for i in sorted(set(range(len(questions))) - set(asked)):  # a part of the question would be another question
        keep(_judgement(spec, questions[i], Prediction(str(i), ""), is_too_long=True))
    on_batch()

    def store(batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            keep(_judgement(spec, questions[int(prediction.example_id)], prediction))
        on_batch()

    predictor.predict([examples[i] for i in asked], [prompts[i] for i in asked], on_batch=store)


def _judgement(spec: JudgeSpec, question: JudgeQuestion, prediction: Prediction, *, is_too_long: bool = False) -> Judgement:
    answer = prediction.answer
    parsed = ParsedAnswer("", "", "too_long") if is_too_long else parse_answer(spec, answer, was_cut=prediction.finish == "length")
    return Judgement(
        question.example, question.strategies, question.question, question.repeat, question.prompt, answer,
        parsed.verdict,
        parsed.reason,
        parsed.why_missing,
        asked=datetime.now(UTC).isoformat(timespec="seconds"),
        tokens_in=prediction.tokens_in,
        tokens_out=prediction.tokens_out,
    )  # fmt: skip
