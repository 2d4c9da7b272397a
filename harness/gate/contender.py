"""What the gate judges: one model of a strategy, the one that would be put into service."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import RunResults, StrategyResult, TaskResults, find_cell, require_examples


@dataclass(frozen=True)
class Contender:
    """A strategy, and the one model of it that is judged.

    Attributes:
        recipe: the strategy with all its seeds.
        artifact: the same strategy with the cell of that model alone.
        is_chosen: whether the user named its seed.
    """

    recipe: StrategyResult
    artifact: StrategyResult
    is_chosen: bool = False

    @property
    def task_results(self) -> TaskResults:
        """The results of all strategies of its task, in its run."""
        results = self.recipe.task_scores
        assert isinstance(results, TaskResults)  # which every strategy of a run belongs to
        return results

    @property
    def choices(self) -> int:
        """From how many trained models it may have been chosen by its result on the test set: 1 unless the user named a seed."""
        return max(1, len(self.recipe.done)) if self.is_chosen else 1

    def count_candidates(self, baseline: Contender | None) -> int:
        """From how many strategies of its run it may have been chosen by its result on the test set: those with a result, except the
        baseline."""
        compared = baseline.artifact.cell if baseline is not None else None
        others = [each for each in self.task_results.unranked if each.done and compared not in each.cells]
        return max(1, len(others))


def find_contender(
    run: RunResults,
    strategy: str,
    *,
    task: str | None = None,
    model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
) -> Contender:
    """The strategy with a result that fits these names, and its model with this seed; by default the lowest seed with a result, which is
    also the default of `bench export` and `bench predict`.

    Raises:
        BenchError: none has a result, several fit that differ in more than the seed, or only totals of it were imported.
    """
    cell = find_cell(run, strategy, task=task, model=model, train_size=train_size, seed=seed, needs_model=False).cell
    recipe = run.by_task[cell.task].get_strategy(cell)
    require_examples(recipe)
    return Contender(recipe, recipe.restrict_to(cell), is_chosen=seed is not None)
