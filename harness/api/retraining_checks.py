"""What is checked before a retraining spends anything: at every call what the files say, and once one is due whether the gate can judge."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.catalogs import open_catalog
from harness.api.gates import refuse_useless_policy
from harness.api.retraining_data import Assembly, StepOptions, make_run_request
from harness.errors import BenchError
from harness.gate import Policy, check_comparable, find_useless_rules, read_policy, slice_for_rules
from harness.metrics import metrics_for
from harness.results import StrategyResult
from harness.types import DataReport, Metric, Splits, Task

if TYPE_CHECKING:
    from harness.lifecycle.retraining import Lifecycle


def check_plan(plan: Lifecycle, task: Task, options: StepOptions) -> None:
    """Check what the file names, also while nothing is due: a mistake shows on the day on which it is made.

    Raises:
        BenchError: an unknown strategy, none that can be promoted, or a policy that is not valid for this task, or that no candidate could
            pass.
    """
    from harness.grid import resolve_strategies

    catalog = open_catalog(options.tasks_dirs, options.strategies_dirs)
    strategies = resolve_strategies(make_run_request(plan, plan.spec.task, options), catalog)
    candidates = [strategy for name, strategy in strategies.items() if name != "base"]
    if not candidates:
        raise BenchError(
            f"{plan.file}: run.strategies: names the untuned model alone, which cannot become better. Name another, such as lora"
        )
    if task.labels or not task.chooses:
        policy, seeds = _read_policy(plan, task, metrics_for(task.metrics, task.labels), options), plan.spec.run.seeds
        if policy is not None and policy.seeds > seeds and not any(strategy.deterministic for strategy in candidates):
            raise BenchError(
                f"{plan.spec.gate.policy}: requires {policy.seeds} training seeds, and run.seeds in {plan.file} is {seeds}, so no model "
                f"could pass. Set run.seeds to {policy.seeds}, or lower 'seeds' in the policy"
            )


def check_gate(plan: Lifecycle, assembly: Assembly, champion: StrategyResult, options: StepOptions) -> None:
    """Check that the gate can judge a candidate with these data. A task that names no labels has those of its data.

    Raises:
        BenchError: the policy is not valid for this task, a slice of it is not in the test set, or the champion cannot answer the test
            examples.
    """
    from harness.grid import keep_named_columns

    task, test = assembly.task, assembly.data.test
    check_comparable(champion, task, test, task.name)
    policy = _read_policy(plan, task, metrics_for(task.metrics, task.labels or test[0].choices), options)
    if policy is not None:
        stored = keep_named_columns(task, Splits((), (), test, DataReport({}, {}, {}), ""))  # those that the gate will find in the run
        slice_for_rules(policy, stored.test)


def _read_policy(plan: Lifecycle, task: Task, metrics: Collection[Metric], options: StepOptions) -> Policy | None:
    """The policy of the file; None for the default one, which every candidate can be judged by.

    Raises:
        BenchError: it is not valid, or every model would pass it.
    """
    path = plan.spec.gate.policy
    if path is None:
        return None
    policy = read_policy(Path(path), task, metrics)
    useless = find_useless_rules(policy, metrics, has_baseline=True, trivial={})
    refuse_useless_policy(useless, task.name, path, options.registry, has_baseline=True)
    return policy
