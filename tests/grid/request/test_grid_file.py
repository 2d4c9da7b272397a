"""Grid files: their fields, their errors, and the cells that they plan."""

import pytest

from harness.catalog import Catalog
from harness.data.clinic.triage import CLASSES
from harness.errors import BenchError
from harness.grid import make_plan, make_request, read_grid, vocabulary
from harness.store import RunPlan, from_json_text, to_json_line
from tests.tiny_models import save_model

GRID = """\
tasks: [classification, summarization]
models: tiny
strategies: [lora, "lora:r=8", full]
seeds: 2
train_sizes: [10, all]
limit: 16
exclude:
  - {task: summarization, strategy: [full, "lora:r=8"]}
  - {strategy: full, train_size: 10}
override:
  - {task: summarization, strategy: lora, set: {epochs: 1, r: 4}}
"""


@pytest.fixture
def planned(tmp_path):
    def make(text, **more):
        (tmp_path / "grid.yaml").write_text(text, encoding="utf-8")
        request = make_request(read_grid(tmp_path / "grid.yaml") | more)
        return make_plan(request, Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path)

    return make


def test_grid_plans_its_cells(planned):
    plan = planned(GRID).plan
    found = {(c.task, c.strategy, c.train_size, c.seed) for c in plan.cells}
    every = [(size, seed) for size in (10, 16) for seed in (0, 1)]
    expected = {("classification", "base", 0, None), ("summarization", "base", 0, None)}
    expected |= {("classification", strategy, size, seed) for strategy in ("lora", "lora:r=8") for size, seed in every}
    expected |= {("classification", "full", 16, seed) for seed in (0, 1)}
    expected |= {("summarization", "lora", size, seed) for size, seed in every}
    assert found == expected
    assert len({c.id for c in plan.cells}) == len(plan.cells) == len(expected)


def test_override_changes_only_the_selected_cells(planned):
    plan = planned(GRID).plan
    lora = {c.task: plan.get_strategy(c) for c in plan.cells if c.strategy == "lora"}
    assert (lora["summarization"].train.epochs, lora["summarization"].adapter["r"]) == (1, 4)
    assert (lora["classification"].train.epochs, lora["classification"].adapter["r"]) == (3, 16)
    again = from_json_text(RunPlan, to_json_line(RunPlan, plan))
    assert {c.id: again.get_strategy(c) for c in again.cells} == {c.id: plan.get_strategy(c) for c in plan.cells}


def test_request_survives_storing(planned):
    plan = planned(GRID).plan
    import json

    stored = json.loads(json.dumps(plan.options["request"]))
    assert make_request(stored).to_json() == plan.options["request"]
    assert make_request(stored).exclude[1].train_size == 10


def test_options_take_precedence_over_the_grid(planned):
    cells = planned(GRID, seeds=1, train_sizes=("all",), exclude=(), tasks=("classification",), override=()).plan.cells
    assert {(c.strategy, c.train_size, c.seed) for c in cells} == {
        ("base", 0, None), ("lora", 16, 0), ("lora:r=8", 16, 0), ("full", 16, 0)
    }  # fmt: skip


def test_training_size_above_the_data_means_all_examples_with_a_warning(planned):
    plan = planned(GRID, train_sizes=("12", "500", "all"), exclude=(), override=()).plan
    assert {c.train_size for c in plan.cells if c.strategy == "full"} == {12, 16}
    assert any("training size 500: there are 16 training examples" in w for w in plan.data["classification"].warnings)


def test_few_shot_cells_have_seeds_but_no_training_sizes(planned):
    cells = planned("tasks: classification\nstrategies: [fewshot, base]\nseeds: 2\ntrain_sizes: [4, 8]\nlimit: 12\n").plan.cells
    assert [(c.strategy, c.train_size, c.seed) for c in cells] == [("fewshot", 5, 0), ("fewshot", 5, 1), ("base", 0, None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "tasks: classification\nstrategy: lora\n",
            ["grid.yaml:2: unknown field 'strategy'. Did you mean 'strategies'?", "'strategies' is missing"],
        ),
        ("tasks: classification\nstrategies: lora\ntrain_sizes: [0]\n", ["grid.yaml:3: train_sizes[0]: a training size is"]),
        ("tasks: classification\nstrategies: lora\ntrain_sizes: [some]\n", ["grid.yaml:3: train_sizes[0]: a training size is"]),
        ("tasks: classification\nstrategies: lora\ntrain_sizes: true\n", ["grid.yaml:3: train_sizes: a training size is"]),
        ("tasks: classification\nstrategies: lora\nexclude:\n  - {}\n", ["grid.yaml:4: exclude[0]: name a task"]),
        ("tasks: classification\nstrategies: lora\nexclude:\n  - {strategie: lora}\n", ["unknown field 'strategie'"]),
        ("tasks: classification\nstrategies: lora\noverride:\n  - {strategy: lora}\n", ["'set' is missing"]),
        ("- lora\n", ["must be a mapping"]),
    ],
)
def test_invalid_grid_is_refused_with_line_numbers(planned, text, said):
    with pytest.raises(BenchError) as error:
        planned(text)
    for part in said:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exclude:\n  - {strategy: qlora}\n", "grid.yaml:5: exclude[0]: the grid has no strategy 'qlora'. Did you mean 'lora'?"),
        ("exclude:\n  - {strategy: [base, lroa]}\n", "exclude[0]: the grid has no strategy 'lroa'. Did you mean 'lora'?"),
        ("exclude:\n  - {seed: 1}\n", "exclude[0]: the grid has no seed '1'"),
        ("exclude:\n  - {strategy: base, train_size: all}\n", "exclude[0] ({'strategy': 'base', 'train_size': 'all'}) matches no cell"),
        ("override:\n  - {model: big, set: {epochs: 1}}\n", "override[0]: the grid has no model 'big'"),
        ("override:\n  - {strategy: lora, set: {epoch: 1}}\n", "no such field"),
        ("override:\n  - {strategy: lora, set: {train.epoch: 1}}\n", "grid.yaml:5: override[0]: strategy 'lora': there is no field"),
        ("override:\n  - {strategy: base, set: {epochs: 1}}\n", "'base' is not trained, so it has no 'epochs'"),
        ("exclude:\n  - {task: classification}\n", "no cell is left"),
    ],
)
def test_selectors_without_effect_are_refused(planned, text, said):
    with pytest.raises(BenchError) as error:
        planned(f"tasks: classification\nstrategies: lora\nlimit: 12\n{text}")
    assert said in str(error.value)


def test_single_values_need_no_list(planned):
    text = "tasks: classification\nstrategies: [lora, full]\ntrain_sizes: 8\nlimit: 12\nexclude: {strategy: full}\n"
    plan = planned(f"{text}override: {{strategy: lora, set: {{lora_dropout: 1e-1}}}}\n").plan
    assert [(c.strategy, c.train_size) for c in plan.cells] == [("base", 0), ("lora", 8)]
    with pytest.raises(BenchError, match=r"grid.yaml:5: exclude: the grid has no strategy 'fill'"):
        planned(text.replace("{strategy: full}", "{strategy: fill}"))


def test_training_size_is_excluded_by_the_requested_number(planned):
    text = "tasks: classification\nstrategies: lora\nlimit: 12\ntrain_sizes: [4, 500]\nexclude: {train_size: 500}\n"
    assert {c.train_size for c in planned(text).plan.cells} == {0, 4}


@pytest.fixture
def encoder(tmp_path):
    save_model(tmp_path / "bert", "bert")
    return "models: [tiny, bert]\nlimit: 12\n"


@pytest.mark.parametrize(
    ("grid", "exclude", "said"),
    [
        ("tasks: [classification, summarization]\nstrategies: lora\n", "{task: summarization, model: bert}", "'bert' is an encoder"),
        ("tasks: classification\nstrategies: [lora, fewshot]\n", "{strategy: fewshot, model: bert}", "a prompt does not change"),
        ("tasks: classification\nstrategies: [lora, 'fewshot:shots=13']\n", "{strategy: 'fewshot:shots=13'}", "13 shots"),
        (
            "tasks: [classification, qa]\nstrategies: [lora, asks.yaml]\n",
            "[{strategy: asks, task: classification}, {model: bert}]",
            "strategy 'asks' on task 'classification': prompt: the data has no field 'question'",
        ),
    ],
)
def test_combinations_that_do_not_fit_can_be_excluded(planned, tmp_path, encoder, grid, exclude, said):
    """The model lies beside the grid file, as tasks and strategies do."""
    (tmp_path / "asks.yaml").write_text("name: asks\nmethod: prompt\nprompt: '{{ question }}'\n")
    assert planned(f"{grid}{encoder}exclude: {exclude}\n").plan.cells
    with pytest.raises(BenchError, match=said):
        planned(f"{grid}{encoder}exclude: {'{model: bert}' if 'asks.yaml' in grid else '[]'}\n")


def test_base_is_planned_for_an_encoder_with_a_head_for_the_labels(planned, tmp_path):
    grid = "tasks: classification\nstrategies: lora\nmodels: [bert, served]\nlimit: 12\n"
    save_model(tmp_path / "bert", "bert")
    labels = [label.upper() for label in CLASSES]
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    save_model(tmp_path / "served", "bert", saved_as="BertForSequenceClassification", **names)
    cells = planned(grid).plan.cells
    assert [(c.model, c.strategy) for c in cells] == [("bert", "lora"), ("served", "base"), ("served", "lora")]


def test_training_too_short_for_its_method_is_refused(planned):
    text = "tasks: classification\nstrategies: adalora\nlimit: 12\nepochs: 1\ntrain_sizes: [4, 12]\n"
    with pytest.raises(BenchError, match=r"no step to remove ranks in a training of 1 steps. Train on more .* \(4 training examples\)"):
        planned(text)


def test_files_are_relative_to_the_grid_file(planned, tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nmethod: prompt\nprompt: 'Label of {{ input }}:'\n")
    cells = planned("tasks: classification\nstrategies: [mine.yaml, 'mine.yaml:shots=2']\nlimit: 12\n").plan.cells
    assert [c.strategy for c in cells] == ["base", "mine", "mine:shots=2"]
    assert str(tmp_path) not in str([c.strategy for c in cells])


@pytest.mark.parametrize("given", [{"foo": 1}, {}, 3])
def test_invalid_selectors_from_python_are_refused(given):
    with pytest.raises(BenchError, match=r"exclude\[1\]: "):
        make_request({"tasks": "classification", "strategies": "lora", "exclude": [{"strategy": "lora"}, given]})


def test_prompt_that_shows_no_input_gives_a_warning(planned, tmp_path):
    (tmp_path / "deaf.yaml").write_text("name: deaf\nmethod: prompt\nprompt: 'Say yes.'\n")
    plan = planned("tasks: classification\nstrategies: deaf.yaml\nlimit: 12\n").plan
    assert any("the prompt of strategy 'deaf' does not use the input 'input'" in w for w in plan.data["classification"].warnings)


def test_virtual_tokens_that_fill_the_context_are_refused(planned):
    with pytest.raises(BenchError, match=r"5000 virtual tokens leave nothing of the 1024 .* lower adapter.num_virtual_tokens"):
        planned("tasks: classification\nstrategies: 'prompt-tuning:num_virtual_tokens=5000'\nlimit: 12\n")
