"""How much data is enough, from the learning curves of a run."""

from __future__ import annotations

from collections.abc import Sequence

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.errors import BenchError, did_you_mean, setting
from harness.reporting import DataEnough, LabelPrice, build_data_enough, explain_missing_curve


def data_enough(
    run: RunLike,
    *,
    task: str | None = None,
    sizes: Sequence[int] = (1_000, 10_000),
    cost_per_label: float | None = None,
    currency: str = "USD",
    runs_dir: PathLike = "runs",
) -> list[DataEnough]:
    """What more labelled examples would bring on each task of a run, what they would cost, and which parts of the data lack examples.

    Args:
        run: a run with several training sizes: itself, its folder, its name in `runs_dir`, or "latest".
        task: only this task.
        sizes: numbers of training examples to forecast, besides twice the largest size run.
        cost_per_label: the cost of labelling one example, above 0.
        currency: of that cost.

    Raises:
        BenchError: an unknown run or task, a number out of range, or no strategy of the run was trained on several sizes.
    """
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise BenchError(f"{setting('sizes', str(size))}: must be a whole number of at least 1")
    if cost_per_label is not None and not 0 < cost_per_label < float("inf"):
        raise BenchError(f"{setting('cost_per_label', f'{cost_per_label:g}')}: must be above 0")
    stored = load_results(run, runs_dir, task=task)
    price = None if cost_per_label is None else LabelPrice(cost_per_label, currency)
    names = list(stored.plan.tasks)
    if task is not None and task not in names:
        raise BenchError(f"{stored.path}: has no task '{task}'.{did_you_mean(task, names)}")
    names = [task] if task is not None else names
    answers = [build_data_enough(stored.by_task[name], sizes=sizes, price=price) for name in names]
    if not any(answer.curves for answer in answers):
        raise BenchError(explain_missing_curve(answers[0]))
    return answers
