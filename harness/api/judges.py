"""Let a model judge the outputs of a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike, RunLike, as_texts
from harness.api.loaded_run import load_results
from harness.api.reviews import choose_strategies
from harness.errors import BenchError, setting
from harness.judging import Judgement, JudgeQuestion, JudgeRecord, list_judge_questions, load_judges, read_judge
from harness.reporting import rewrite_page
from harness.results import RunResults, TaskResults
from harness.review import find_rated_cell, load_reviews
from harness.review.findings import JudgeFindings, compute_judge_findings
from harness.store import JUDGES, StoredRun, add_verdict_file, settle_added_files
from harness.types import Cell, HostedForecast, JudgeSpec

if TYPE_CHECKING:
    from harness.engine.models import ModelSource
    from harness.engine.served import FailedAttempt
    from harness.judging.asking import KeptJudgements

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class JudgePlan:
    """What a judge would be asked.

    Attributes:
        cells: whose outputs are judged: cells by strategy, the baseline first.
        questions: how many.
        hosted: what they would send, and what that is expected to cost; None for a model of this machine.
        example: the first prompt.
    """

    judge: JudgeSpec
    task: str
    cells: Mapping[str, Cell]
    questions: int
    hosted: HostedForecast | None
    example: str


def plan_judge(
    run: RunLike,
    judge: PathLike | JudgeSpec,
    strategies: str | Sequence[str] = (),
    *,
    task: str | None = None,
    model: str | None = None,
    train_size: int | None = None,
    runs_dir: PathLike = "runs",
) -> JudgePlan:
    """What a judge would be asked about the outputs of a run. Nothing is asked, sent or written.

    Args:
        run, judge, strategies, task, model, train_size, runs_dir: as for `judge`.

    Raises:
        BenchError: something about the run or the judge is wrong.
    """
    from harness.judging.asking import forecast_judge

    asked = _prepare(run, judge, strategies, task, model, train_size, runs_dir)
    hosted = None if asked.spec.api is None else forecast_judge(asked.spec, asked.questions)
    example = asked.questions[0].prompt if asked.questions else ""
    return JudgePlan(asked.spec, asked.results.task.name, asked.cells, len(asked.questions), hosted, example)


def judge(
    run: RunLike,
    judge: PathLike | JudgeSpec,
    strategies: str | Sequence[str] = (),
    *,
    task: str | None = None,
    send_to: str | Sequence[str] = (),
    max_cost: float | None = None,
    reuse: bool = True,
    model: str | None = None,
    train_size: int | None = None,
    runs_dir: PathLike = "runs",
    on_progress: Report | None = None,
    on_failure: Callable[[FailedAttempt], object] | None = None,
) -> JudgeRecord:
    """Let a model judge the stored outputs of a run. Every prompt, answer and verdict is stored with the run.

    Nothing is trained or generated again. If the call is interrupted, the same call continues, and nothing is paid twice. A judge that has
    judged these outputs is not asked again.

    Args:
        run: folder or name of the run, or "latest".
        judge: a YAML file, or a `JudgeSpec`.
        strategies: whose outputs are judged; by default the one that the decision names, or the best, and the untuned model.
        task: needed if the run has several.
        send_to: the host that the prompts may be sent to.
        max_cost: the most that all answers may cost, in the currency of their price.
        reuse: take answers from the user's cache, and the record of an earlier call.
        model: needed if the run has several base models.
        train_size: needed if the run has several.
        on_progress: receives the numbers of answers so far, and of all questions.
        on_failure: receives each request that failed and is repeated, before it waits, in one of several threads.

    Raises:
        RunStoppedError: the limit of costs is reached.
        BenchError: something about the run or the judge is wrong, the host is not named or does not answer, or the model cannot be loaded.
    """
    from harness.judging.asking import KeptJudgements, identify_judge, list_own_strategies

    asked = _prepare(run, judge, strategies, task, model, train_size, runs_dir)
    spec, results = asked.spec, asked.results
    request_to = as_texts(send_to)
    _check_options(spec, request_to, max_cost)
    kept = KeptJudgements(results.run.path, identity := identify_judge(spec, asked.cells))
    known = [record for record in load_judges(results.run, results.task.name) if record.cells == asked.cell_ids]
    earlier = [record for record in known if reuse and identify_judge(record.judge, asked.cells) == identity]
    if earlier:
        _finish_interrupted(results.run, kept)
        return earlier[-1]
    source = _find_local_model(spec) if spec.api is None else None
    host = _check_host(asked, request_to, max_cost) if spec.api is not None else ""
    with kept.locked():
        judgements = _ask(asked, kept, source, max_cost, reuse, on_progress, on_failure or (lambda failed: None))
        digest = "" if source is None else source.digest
        own = list_own_strategies(spec, results, asked.cells, digest)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = JudgeRecord(spec, results.task.name, now, asked.cell_ids, own, host, digest, tuple(judgements))
        settle_added_files(results.run.path)
        add_verdict_file(results.run.path, JudgeRecord, record, at=now, folder=JUDGES)
        rewrite_page(RunResults(results.run.folder))
    kept.remove()  # last: while it is there, the rest may not be done
    return record


def _finish_interrupted(run: StoredRun, kept: KeptJudgements) -> None:
    """Do what is left after a call that was killed once its record was stored."""
    if not kept.folder.is_dir():
        return
    with kept.locked():
        settle_added_files(run.path)
        rewrite_page(RunResults(run.folder))
    kept.remove()


def judge_findings(run: RunLike, *, task: str | None = None, runs_dir: PathLike = "runs") -> list[JudgeFindings]:
    """What every judge of a run says, how biased it is, how far it agrees with raters, and what it is worth beside them.

    Args:
        run, runs_dir: as for `judge`.
        task: only the judges of this task.

    Raises:
        BenchError: the run does not exist, or a file of a judge or of a review is damaged.
    """
    stored = load_results(run, runs_dir, task=task)
    tasks = [results for name, results in stored.by_task.items() if task in (None, name)]
    return [each for results in tasks for each in compute_judge_findings(results, load_reviews(stored, results.task.name))]


@dataclass(frozen=True)
class _Asked:
    """What is asked of whom."""

    spec: JudgeSpec
    results: TaskResults
    cells: Mapping[str, Cell]
    questions: Sequence[JudgeQuestion]

    @property
    def cell_ids(self) -> dict[str, str]:
        return {name: cell.id for name, cell in self.cells.items()}


def _prepare(
    run: RunLike,
    judge: PathLike | JudgeSpec,
    strategies: str | Sequence[str],
    task: str | None,
    model: str | None,
    train_size: int | None,
    runs_dir: PathLike,
) -> _Asked:
    spec = judge if isinstance(judge, JudgeSpec) else read_judge(Path(os.fspath(judge)))
    stored = load_results(run, runs_dir, task=task)
    if task is None and len(stored.plan.tasks) > 1:
        raise BenchError(f"{stored.path}: has several tasks: {', '.join(stored.plan.tasks)}. Choose one with {setting('task', 'TASK')}.")
    name = task or next(iter(stored.plan.tasks))
    results = stored.by_task[name]
    chosen = as_texts(strategies) or choose_strategies(results, 2)
    if len(set(chosen)) < len(chosen):
        raise BenchError(f"{setting('strategies', ','.join(chosen))}: a strategy is named twice.")
    cells = {each: find_rated_cell(stored, each, task=name, model=model, train_size=train_size) for each in chosen}
    ordered = {each: cells[each] for each in sorted(cells, key=lambda each: each != "base")}
    return _Asked(spec, results, ordered, list_judge_questions(spec, results, ordered))


def _check_host(asked: _Asked, send_to: tuple[str, ...], max_cost: float | None) -> str:
    """The name of the host, which may be asked."""
    from harness.grid import HostedRequest
    from harness.grid.planning import try_host
    from harness.judging.asking import find_judge_problems, forecast_judge

    spec = asked.spec
    assert spec.api is not None
    forecast = forecast_judge(spec, asked.questions)
    currency = asked.results.run.plan.options["price"]["currency"]
    problems = find_judge_problems(spec, forecast, HostedRequest(send_to, max_cost), currency)
    if problems:
        raise BenchError(problems)
    try:
        try_host(spec.api)
    except BenchError as error:
        raise BenchError(f"judge '{spec.name}': {error}") from None
    return forecast.host


def _check_options(spec: JudgeSpec, send_to: tuple[str, ...], max_cost: float | None) -> None:
    if spec.api is None and (send_to or max_cost is not None):
        option = setting("send_to", send_to[0]) if send_to else setting("max_cost", f"{max_cost:g}")
        raise BenchError(f"{option}: judge '{spec.name}' is a model of this machine, and nothing is sent.")


def _find_local_model(spec: JudgeSpec) -> ModelSource:
    from harness.engine.models import resolve_model

    assert spec.model is not None
    try:
        return resolve_model(spec.model)
    except BenchError as error:
        raise BenchError(f"judge '{spec.name}': {error}") from None


def _ask(
    asked: _Asked,
    kept: KeptJudgements,
    source: ModelSource | None,
    max_cost: float | None,
    use_cache: bool,
    on_progress: Report | None,
    on_failure: Callable[[FailedAttempt], object],
) -> list[Judgement]:
    from harness.judging.asking import ask_hosted_judge, ask_local_judge

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(done, len(asked.questions))

    if source is not None:
        return ask_local_judge(asked.spec, asked.questions, kept, source, on_progress=report)
    return ask_hosted_judge(
        asked.spec, asked.questions, kept, max_cost=max_cost, use_cache=use_cache, on_progress=report, on_failure=on_failure
    )
