"""A search of a real run: a small random model that learns letters, with learning rates of which some are far off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from in_process import cells_in_process
from tiny_models import save_model

from harness import BenchError, Run, load_run, run
from harness.engine.tuning import DivergedError
from harness.engine.tuning.trainer import Trainer
from harness.grid.execution.job import Event, Job
from harness.grid.execution.worker import run_job
from harness.results import RunResults, StrategySearch
from harness.store import verify_run

TASK = """
name: letters
kind: generation
data: {path: letters.jsonl, fields: {input: question, target: answer, group: group}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 8}
"""
FULL = "full:epochs=2,learning_rate=1e-2"
SEARCH = {"trials": 4, "fields": {"learning_rate": {"factor": 30}}}


def start(
    here: Path,
    strategies: Any = FULL,
    on_round: Callable[[Sequence[Job]], None] = lambda _: None,
    *,
    tasks: Sequence[str] = ("letters",),
    models: Sequence[str] = ("model",),
    **options: Any,
) -> Run:
    """Run everything in this process: cells that take a second need none of their own."""

    with cells_in_process(on_round):
        return run(
            [str(here / f"{task}.yaml") for task in tasks],
            strategies,
            model=[str(here / model) for model in models],
            runs_dir=here / "runs",
            dtype="float32",
            **options,
        )


def ignore(event: Event) -> None:
    pass


def write_task(folder: Path) -> None:
    rows = [
        {"question": f"where is card {i}", "answer": f"card {i} has {'not ' * (i % 3)}arrived yet, wait", "group": f"g{i // 2}"}
        for i in range(80)
    ]
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "letters.yaml").write_text(TASK)
    save_model(folder / "model", "llama", max_position_embeddings=512, spread=0.05)


@pytest.fixture(scope="module")
def here(build_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    def build(folder: Path) -> None:
        write_task(folder)
        start(folder, search=SEARCH, seeds=2)

    return build_once("search", build)


@pytest.fixture
def own(here: Path, tmp_path: Path) -> Path:
    """A copy without the run."""
    shutil.copytree(here, tmp_path / "own")
    shutil.rmtree(tmp_path / "own" / "runs")
    return tmp_path / "own"


def search_of(found: Run, strategy: str = FULL) -> StrategySearch:
    (results,) = RunResults(found.stored.folder).by_task.values()
    return next(search for search in results.searches if search.strategy == strategy)


@pytest.fixture(scope="module")
def searched(here: Path) -> Run:
    return load_run("latest", runs_dir=here / "runs")


def test_the_best_third_of_the_trials_goes_on_and_the_best_values_are_trained_with_fresh_seeds(searched: Run) -> None:
    search, plan = search_of(searched), searched.stored.plan
    assert [trial.number for trial in search.trials] == [0, 1, 2, 3]
    assert search.trials[0].values == {"learning_rate": 1e-2}
    assert [sum(trial.last.trial.rung >= rung for trial in search.trials) for rung in range(2)] == [4, 2]
    stayed = [trial.loss_at(0) for trial in search.trials if trial.last.trial.rung == 0]
    went_on = [trial.loss_at(0) for trial in search.trials if trial.last.trial.rung > 0]
    assert max(went_on) <= min(stayed)
    cells = [cell for cell in plan.cells if cell.strategy == FULL]
    assert [cell.seed for cell in cells] == [0, 1] and {cell.seed for cell in plan.trial_cells} == {1000}
    assert {plan.get_strategy(cell).train.learning_rate for cell in cells} == {search.best.values["learning_rate"]}  # type: ignore[union-attr]
    assert searched.complete and not verify_run(searched.stored.folder).problems


def test_a_trial_is_measured_on_every_validation_example_and_never_sees_the_test_set(searched: Run) -> None:
    stored = searched.stored
    sizes = stored.plan.data["letters"].sizes
    for result in stored.trial_results.values():
        assert result.trial is not None and len(result.trial.losses) == sizes["validation"] == len(result.trial.groups)
        assert result.training is not None and result.training.best_validation_loss is not None
        assert result.trial.loss == pytest.approx(result.training.best_validation_loss, rel=1e-5)
        assert {cost.phase for cost in result.costs} <= {"load", "train", "validate", "store"}
        assert not (stored.folder.cell(result.cell.id).path / "predictions.parquet").exists()
    assert max(trial.loss for trial in search_of(searched).trials) > min(trial.loss for trial in search_of(searched).trials)


def test_each_part_of_a_trial_costs_and_steps_what_it_adds(searched: Run) -> None:
    finalist = next(trial for trial in search_of(searched).trials if len(trial.parts) == 2)
    steps = [part.result.training.steps for part in finalist.parts if part.result and part.result.training]
    assert steps[0] == round(0.3 * steps[1])
    tokens = [sum(cost.tokens for cost in part.result.costs if cost.phase == "train") for part in finalist.parts if part.result]
    assert tokens[0] < tokens[1] < 2.5 * tokens[0], "the costs of the part before are not counted again: 41% and 70% of a training"
    stored = searched.stored
    assert RunResults(stored.folder).spent_on_search.seconds == pytest.approx(
        sum(cost.seconds for result in stored.trial_results.values() for cost in result.costs)
    )


def test_nothing_of_a_search_remains_but_its_numbers(searched: Run) -> None:
    assert not (searched.path / "trials").exists() and not (searched.path / "work").exists()
    for cell in searched.stored.plan.trial_cells:
        files = {path.name for path in searched.stored.folder.cell(cell.id).path.iterdir()}
        assert files <= {"cell.json", "training.jsonl", "log.txt"}


def test_a_trial_is_never_exported_predicted_with_or_compared(searched: Run) -> None:
    trials = {cell.id for cell in searched.stored.plan.trial_cells}
    (results,) = RunResults(searched.stored.folder).by_task.values()
    assert trials.isdisjoint(cell.id for result in results.strategies for cell in result.cells)
    assert trials.isdisjoint(cell.id for cell in searched.stored.cells)


@pytest.mark.parametrize("round_", [2, *(pytest.param(other, marks=pytest.mark.soak) for other in (0, 1, 3))])
def test_a_search_that_is_killed_in_any_round_resumes_to_the_same_values(own: Path, searched: Run, round_: int) -> None:
    """The process dies before the second cell of a round, when the first is finished."""
    rounds = 0

    class Killed(BaseException):
        pass

    def kill(jobs: Sequence[Job]) -> None:
        nonlocal rounds
        if rounds == round_:
            if len(jobs) > 1:
                run_job(jobs[0], ignore)
            raise Killed
        rounds += 1

    with pytest.raises(Killed):
        start(own, on_round=kill, search=SEARCH, seeds=2)
    assert not (next((own / "runs").iterdir()) / "work").exists(), "an interrupted run keeps no training examples"
    began: list[str] = []
    resumed = start(own, on_round=lambda jobs: began.extend(job.cell for job in jobs), search=SEARCH, seeds=2)
    assert len(list((own / "runs").iterdir())) == 1, "the same run goes on"
    assert len(began) == len(set(began)) < len(resumed.stored.plan.all_cells)
    before, after = search_of(searched), search_of(resumed)
    assert [trial.values for trial in after.trials] == [trial.values for trial in before.trials]
    assert [trial.loss for trial in after.trials] == pytest.approx([trial.loss for trial in before.trials], rel=1e-6)
    assert [cell.id for cell in resumed.stored.plan.cells] == [cell.id for cell in searched.stored.plan.cells]


@pytest.mark.soak
def test_a_lost_state_costs_time_and_not_the_result(own: Path, searched: Run) -> None:
    def lose(jobs: Sequence[Job]) -> None:
        for folder in (own / "runs").glob("*/trials"):
            shutil.rmtree(folder)

    again = start(own, on_round=lose, search=SEARCH, seeds=2)
    assert [trial.loss for trial in search_of(again).trials] == pytest.approx([t.loss for t in search_of(searched).trials], rel=1e-6)


def test_a_damaged_trial_runs_again(own: Path) -> None:
    done = start(own, search={"trials": 2}, seeds=1)
    cell = done.stored.folder.cell(done.stored.plan.trial_cells[0].id)
    cell.curve.write_text("{}\n")
    done.stored.folder.seal_file.unlink()
    began: list[str] = []
    again = start(own, on_round=lambda jobs: began.extend(job.cell for job in jobs), search={"trials": 2}, seeds=1)
    assert began == [cell.path.name] and again.complete


def test_another_run_takes_finished_trials(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here, tmp_path / "copy")
    began: list[str] = []
    start(tmp_path / "copy", on_round=lambda jobs: began.extend(job.cell for job in jobs), search=SEARCH, seeds=3)
    assert len(began) == 1, "only the third seed is new"


@pytest.mark.soak
def test_several_models_and_tasks_are_searched_separately(own: Path) -> None:
    """Each pair of a task and a model finds what it finds alone, and its cells are trained with that."""
    (own / "numbers.yaml").write_text(TASK.replace("name: letters", "name: numbers").replace("letters.jsonl", "numbers.jsonl"))
    rows = [{"question": f"what is {i} plus one", "answer": str(i + 1), "group": i} for i in range(60)]
    (own / "numbers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    save_model(own / "other", "llama", num_hidden_layers=1, max_position_embeddings=512, spread=0.05)
    tasks, models = ("letters", "numbers"), ("model", "other")
    plan = start(own, tasks=tasks, models=models, search=SEARCH, base=False).stored.plan
    for task in tasks:
        for model in models:
            (cell,) = [cell for cell in plan.cells if cell.task == task and cell.model.endswith(model)]
            alone = start(own, tasks=[task], models=[model], search=SEARCH, base=False, reuse=False).stored.plan
            (same,) = alone.cells
            assert plan.get_strategy(cell).train == alone.get_strategy(same).train, (task, model)


def test_rates_that_diverge_are_not_chosen(own: Path) -> None:
    done = start(own, "full:epochs=2,learning_rate=3e-3", search={"fields": {"learning_rate": [3e-3, 1.0, 0.9]}, "trials": 3})
    search = search_of(done, "full:epochs=2,learning_rate=3e-3")
    assert search.best.values == {"learning_rate": 3e-3} and done.complete
    assert search.trials[0].loss < min(trial.loss for trial in search.trials[1:])


def test_prompts_and_shots_are_compared_by_their_loss_without_training(own: Path) -> None:
    prompts = ["{{ input }}\n", "Answer like a pirate who has lost every card: {{ input }}\n"]
    done = start(own, ("fewshot",), search={"fields": {"shots": [0, 1, 3], "prompt": prompts}, "trials": 5})
    search = search_of(done, "fewshot")
    assert {len(trial.parts) for trial in search.trials} == {1} and len(search.trials) == 5
    labels = [done.stored.plan.cell_label(cell) for cell in done.stored.plan.trial_cells]
    assert max(map(len, labels)) < 80, "a prompt is cut in a label"
    chosen = next(cell for cell in done.stored.plan.cells if cell.strategy == "fewshot")
    values = {name: getattr(done.stored.plan.get_strategy(chosen), name) for name in search.best.values}
    assert values == search.best.values and chosen.train_size == values["shots"]


@pytest.mark.parametrize("budget", [{"hours": 1e-9}, pytest.param({"price": 1e-12}, marks=pytest.mark.soak)])
def test_a_budget_too_small_for_one_trial_of_each_strategy(own: Path, budget: dict[str, float]) -> None:
    strategies = (FULL, "lora:target_modules=all-linear,epochs=2")
    with pytest.raises(BenchError) as error:
        start(own, strategies, search=budget, price=1.0)
    assert len(error.value.problems) == 2, "one for each strategy"
    assert "is too small for one trial" in str(error.value) and "Give at least" in str(error.value)
    (folder,) = (own / "runs").iterdir()
    assert not (folder / "seal.json").exists() and len(list(folder.glob("cells/*/cell.json"))) == 2, "the first parts are kept"
    began: list[str] = []
    start(own, strategies, on_round=lambda jobs: began.extend(job.cell for job in jobs), search=1)
    assert not {path.name for path in folder.glob("cells/*")} & set(began), "a larger budget takes them"


@pytest.mark.soak
def test_a_budget_in_hours_pays_for_as_many_trials_as_fit(own: Path) -> None:
    one = search_of(start(own, search=1)).spent.seconds / 3600
    done = search_of(start(own, search={"hours": 4 * one}, reuse=False))
    assert 2 <= len(done.trials) <= 12 and done.trials[0].values == {"learning_rate": 1e-2}


def test_a_first_trial_that_diverges_says_nothing_about_what_a_budget_pays_for(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after a step: by its time, the budget would pay for 200 trials."""
    step, asked = Trainer.step, []

    def diverge(trainer: Trainer, batch: Any, rate: float, number: int) -> tuple[float, int]:
        if rate > 0.1:
            raise DivergedError("the loss became nan")
        return step(trainer, batch, rate, number)

    def afford(budget: float, first_part: float, shares: Sequence[float]) -> int:
        asked.append((budget, first_part))
        return 2

    monkeypatch.setattr(Trainer, "step", diverge)
    monkeypatch.setattr("harness.grid.execution.search_run.afford_trials", afford)
    strategy = "full:epochs=1,learning_rate=0.5"
    done = start(own, strategy, base=False, search={"hours": 1, "fields": {"learning_rate": [0.5, 1e-2, 3e-3, 2e-2]}})
    first, second, third = search_of(done, strategy).trials
    spent = [sum(cost.seconds for cost in trial.parts[0].result.costs) for trial in (first, second) if trial.parts[0].result]
    assert first.loss == float("inf") and asked == [(pytest.approx(3600 - spent[0]), pytest.approx(spent[1]))]
    assert min(second.loss, third.loss) < float("inf") and done.complete


def test_a_race_drops_what_cannot_win_and_the_run_goes_on_without_it(own: Path) -> None:
    hopeless = "full:epochs=2,learning_rate=1e-9"
    rows = [{"question": f"where is card {i}", "answer": f"card {i} has arrived", "group": i} for i in range(320)]
    (own / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = start(own, (FULL, hopeless), race=0.05, seeds=2)
    (dropped,) = done.stored.plan.dropped
    assert (dropped.strategy, dropped.rung) == (hopeless, 0) and dropped.limit > 0
    assert {cell.strategy for cell in done.stored.plan.cells} == {"base", FULL} and done.complete
    assert done.stored.plan.search is None, "values were not searched"
    trials = [done.stored.plan.trials[cell.id] for cell in done.stored.plan.trial_cells]
    assert {trial.share for trial in trials} == {0.3}, "the grid trains the strategies that are left"
    assert not verify_run(done.stored.folder).problems
    states: list[int] = []

    def count_states(_: Sequence[Job]) -> None:
        states.append(len(list((own / "runs").glob("*/trials/*"))))

    narrow = {"trials": 2, "fields": {"learning_rate": {"factor": 1.5}}}
    again = start(own, (FULL, hopeless), on_round=count_states, race=0.05, search=narrow, seeds=1, base=False, reuse=False)
    assert [each.strategy for each in again.stored.plan.dropped] == [hopeless]
    assert states == [0, 1, 0], "what was dropped keeps no weights while the others are trained"
