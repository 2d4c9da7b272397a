"""The test examples of one cell, answered by a server that has its exported model, and compared with what the stored model answered.

Every answer is kept in the run folder as it comes. If the server fails, the run stops and the same command continues with what is left.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from harness.cache import use_cache_folder
from harness.engine.artifacts import load_shots
from harness.engine.inference import Predictor
from harness.engine.models import ModelSource, load_skeleton, quiet_libraries
from harness.engine.served import RequestForm, ServedAnswer, ServerClient, answer_through_server, choose_form
from harness.errors import BenchError
from harness.grid.execution.job import Emit, Job, retry_event
from harness.grid.execution.scored_predictions import score_predictions
from harness.results import FinishedCell
from harness.statistics import compare_scores, score_strategy, statistic_stack
from harness.store import DigestedLines, RunFolder, StoredRun, from_json_text, to_json_line
from harness.types import Example, Metric, Prediction, ServedMeasurement

_MOST_IDS = 1000  # of examples with another answer


def run_served_job(job: Job, emit: Emit) -> None:
    """Ask the server, and store the comparison with the result of the cell. A failure of the server stops the run."""
    use_cache_folder(Path(job.cache_folder))
    try:
        _ask_server(job, emit)
    except BenchError as error:
        emit({"event": "stop", "reason": str(error).removesuffix(".")})


def _ask_server(job: Job, emit: Emit) -> None:
    folder = RunFolder(Path(job.run))
    run = StoredRun(folder)
    finished = FinishedCell(run, next(cell for cell in run.cells if cell.id == job.cell))
    examples, stored = run.examples(finished.task.name), finished.files.predictions()
    predictor = _load_prompts(job, finished)
    pairs = list(zip(examples, predictor.prompts(examples), strict=True))
    address, model, at_once = str(job.server["address"]), str(job.server["model"]), int(job.server["at_once"])
    emit({"event": "phase", "phase": "ask the server"})
    digest = hashlib.sha256(f"{address}\0{model}".encode()).hexdigest()[:16]
    kept = KeptServedAnswers(folder.served_answers(f"{job.cell}-{digest}"))
    done = kept.read()

    def keep(answer: ServedAnswer) -> None:
        kept.append(answer)
        emit({"event": "progress", "done": kept.count, "total": len(examples), "unit": "answers"})

    key = os.environ.get(str(job.server["key_env"]), "") if job.server.get("key_env") else ""
    client = ServerClient(f"{address}/v1", key=key, on_failure=lambda failed: emit(retry_event(failed)))
    try:
        form = choose_form(client, model, predictor, pairs[0][1])
        answers = answer_through_server(client, form, model, predictor, pairs, at_once=at_once, done=done, on_answer=keep)
    finally:
        client.close()
    measured = compare_with_stored(
        finished, examples, stored, answers, form, address=address, model=model, at_once=at_once, retries=client.retries,
        tokens=[len(prompt.ids) for _, prompt in pairs], price=(job.per_hour, job.currency),
    )  # fmt: skip
    files = finished.files
    files.write_result(replace(files.result(), served=measured), files=files.file_digests())


def _load_prompts(job: Job, finished: FinishedCell) -> Predictor:
    """The prompts of the cell; no weights are loaded."""
    quiet_libraries()
    info, labels = finished.run.plan.models[finished.cell.model], finished.example.choices
    source = ModelSource(info.name, info.origin, Path(job.model_folder), info.digest, info.revision)
    skeleton = load_skeleton(source, trust_remote_code=job.trust_remote_code, labels=labels)
    return Predictor(finished.task, finished.strategy, skeleton, labels, load_shots(finished))


class KeptServedAnswers:
    """The answers of a server so far: a line for each, with its digest; a damaged line is asked for again."""

    def __init__(self, file: Path) -> None:
        self._lines = DigestedLines(file)
        self.count = 0

    def read(self) -> Mapping[str, ServedAnswer]:
        """The kept answers by example id."""
        answers = [from_json_text(ServedAnswer, line) for line in self._lines.read()]
        kept = {answer.prediction.example_id: answer for answer in answers}
        self.count = len(kept)
        return kept

    def append(self, answer: ServedAnswer) -> None:
        """Keep one more."""
        self._lines.append([to_json_line(ServedAnswer, answer)])
        self.count += 1


def compare_with_stored(
    finished: FinishedCell,
    examples: Sequence[Example],
    stored: Sequence[Prediction],
    answers: Sequence[ServedAnswer],
    form: RequestForm,
    *,
    address: str,
    model: str,
    at_once: int,
    retries: int,
    tokens: Sequence[int],
    price: tuple[float | None, str],
) -> ServedMeasurement:
    """What the server's answers are worth beside those of the stored model.

    Args:
        stored: the stored model's predictions, in the order of the examples, as are the answers.
        tokens: of each prompt, as the run's model read it.
        price: of an hour of the run's device, and its currency.
    """
    served = [answer.prediction for answer in answers]
    scored = score_predictions(finished.task, examples, served, trust_remote_code=False)
    metric = next(metric for metric in scored.metrics if metric.name == finished.task.primary)
    different = [mine.example_id for mine, other in zip(served, stored, strict=True) if _answer(mine) != _answer(other)]
    compared = compare_scores(
        statistic_stack(metric, examples, [stored]),
        statistic_stack(metric, examples, [served]),
        metric=metric,
        groups=[example.group for example in examples],
        margin=finished.task.margin,
    )
    together = [answer for answer in answers if answer.at_once > 1]
    return ServedMeasurement(
        address=address,
        model=model,
        answers=len(answers),
        different=len(different),
        different_ids=tuple(different[:_MOST_IDS]),
        label_source=form.labels,
        other_prompts=sum(a.prompt_tokens not in (None, count) for a, count in zip(answers, tokens, strict=True)),
        without_label=sum(p.extracted is None for p in served) if finished.task.chooses else 0,
        score=metric.name,
        served=_score(metric, examples, served),
        stored=_score(metric, examples, stored),
        difference=compared.difference,
        low=compared.low,
        high=compared.high,
        reliable=compared.reliable,
        alone_seconds=tuple(answer.seconds for answer in answers if answer.at_once == 1)[:1000],
        at_once=at_once,
        together_answers=len(together),
        together_seconds=sum(answer.seconds for answer in together),
        tokens_out=sum(p.tokens_out for p in served),
        retries=retries,
        per_hour=price[0],
        currency=price[1],
    )


def _answer(prediction: Prediction) -> str:
    return prediction.answer.strip()


def _score(metric: Metric, examples: Sequence[Example], predictions: Sequence[Prediction]) -> float | None:
    return score_strategy([metric], examples, [predictions])[metric.name].value


def server_fields(server: object) -> dict[str, object]:
    """What a worker is told about a server: its key stays in the environment."""
    return asdict(server)  # type: ignore[call-overload, no-any-return]
