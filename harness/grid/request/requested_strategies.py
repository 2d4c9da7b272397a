"""The strategies that a request names, with the values that it overrides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.catalog import ARTIFACT_PREFIX, OUTPUTS_PREFIX, Catalog, override_strategy, resolve_strategy
from harness.engine.foreign import examine_artifact
from harness.errors import BenchError, did_you_mean, setting
from harness.grid.request.cell_selectors import Override
from harness.grid.request.request import Request, distinct
from harness.types import Strategy

BASE = "base"


def resolve_strategies(request: Request, catalog: Catalog) -> dict[str, Strategy]:
    """The requested strategies by name, `base` first unless the request leaves it out.

    Raises:
        BenchError: with the problems of all strategies.
    """
    specs = distinct(request.strategies)
    if request.base and all((spec if isinstance(spec, str) else spec.name) != BASE for spec in specs):
        specs.insert(0, BASE)
    if not specs:
        raise BenchError(f"no strategy was named. Name some, for example {setting('strategies', 'lora,qlora')}.")
    strategies: dict[str, Strategy] = {}
    problems: list[str] = []
    for spec in specs:
        try:
            strategy = examine_artifact(
                resolve_strategy(spec, catalog, epochs=request.epochs, outputs_name=request.outputs_name, price_per_1k=request.price_per_1k)
            )
        except BenchError as error:
            problems += error.problems
            continue
        if strategy.name in strategies:
            advice = _advise_on_names(strategy)
            problems.append(f"two strategies are named '{strategy.name}': {advice}")
        strategies[strategy.name] = strategy
    problems += [problem for strategy in strategies.values() for problem in _find_cascade_problems(strategy, strategies)]
    if problems:
        raise BenchError(problems)
    return strategies


def _advise_on_names(strategy: Strategy) -> str:
    if strategy.outputs is not None:
        return f"name one of them: {OUTPUTS_PREFIX}{strategy.outputs.path}@NAME"
    if strategy.artifact is not None:
        return f"name one of them: {ARTIFACT_PREFIX}{strategy.artifact.path}@NAME"
    return "rename one of them"


def _find_cascade_problems(strategy: Strategy, strategies: Mapping[str, Strategy]) -> list[str]:
    """Why a cascade cannot be made of the strategies of a request; empty for every other strategy."""
    if strategy.method != "cascade":
        return []
    problems = []
    others = [name for name in strategies if name != strategy.name]
    for role, name, does, needed in (
        ("first", strategy.first, "answers first", "a model of this machine"),
        ("then", strategy.then, "answers where the first is unsure", "external outputs or a hosted model"),
    ):
        here, other = f"strategy '{strategy.name}': {role}:", strategies.get(name or "")
        if name is None:
            example = setting("strategies", "lora,outputs:FILE@incumbent,cascade:first=lora,then=incumbent")
            problems.append(f"{here} name the strategy that {does}: {example}")
        elif other is None:
            problems.append(f"{here} this run has no strategy '{name}'.{did_you_mean(name, others)}")
        elif other.method == "cascade" or other.has_model != (role == "first"):
            problems.append(f"{here} '{name}' has method '{other.method}', but a cascade needs {needed} here")
    return problems


def apply_overrides(strategy: Strategy, overrides: Sequence[Override], cell: Mapping[str, Collection[object]]) -> Strategy:
    """The strategy with the values of every override that matches the cells of a task and a model; its name stays the same.

    Raises:
        BenchError: an override does not fit the strategy.
    """
    for override in overrides:
        if override.matches(cell):
            try:
                strategy = override_strategy(strategy, override.set, strategy.name)
            except BenchError as error:
                raise BenchError([f"{override.place}: {problem}" for problem in error.problems]) from None
    return strategy
