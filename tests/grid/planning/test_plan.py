"""The plan: what determines a cell's identity, and which problems are found before anything is spent."""

import csv
import json
import shutil
from dataclasses import replace

import pytest
from places import ROOT

from harness.catalog import Catalog
from harness.engine.models.resolve import TINY
from harness.errors import BenchError
from harness.grid import EarlyProcesses, Request, execute, make_plan, vocabulary
from harness.store import RunPlan, to_json_line

REQUEST = Request(tasks=("summarization",), strategies=("lora",), limit=12)


@pytest.fixture
def plan(tmp_path):
    def make(request=REQUEST, **changes):
        return make_plan(replace(request, **changes), Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path)

    return make


@pytest.fixture
def visits(tmp_path):
    def write(name="visits.csv", change=str):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([("dialogue", "note"), *((f"talk {i}", change(f"note {i}")) for i in range(40))])
        return name

    return write


def ids(planned):
    return [cell.id for cell in planned.plan.cells]


OWN = {"data": ("visits.csv",), "fields": {"input": "dialogue", "target": "note"}}


def test_base_is_always_planned_with_one_cell_for_all_seeds(plan):
    cells = plan(strategies=("lora", "full"), seeds=3).plan.cells
    assert [(c.strategy, c.seed) for c in cells] == [("base", None), *((s, i) for s in ("lora", "full") for i in range(3))]
    assert [c.strategy for c in plan(base=False).plan.cells] == ["lora"]
    assert [c.strategy for c in plan(strategies=("lora", "base")).plan.cells] == ["lora", "base"]


def test_a_configuration_is_that_of_one_folder_or_file(plan, tmp_path):
    for name in ("de", "en"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / f"{name}.csv").write_text("dialogue,note\n" + "".join(f"{name} {i},note {i}\n" for i in range(40)))
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- {config_name: de, data_files: de.csv}\n- {config_name: en, data_files: en.csv}\n---\n"
    )
    planned = [plan(**OWN | {"data": ("set",)}, subset=name) for name in ("de", "en")]
    assert planned[0].plan.digest != planned[1].plan.digest
    with pytest.raises(BenchError, match="has several configurations: de, en"):
        plan(**OWN | {"data": ("set",)})
    with pytest.raises(BenchError, match=r"subset=.* needs .*, or one folder or file with several configurations"):
        plan(**OWN | {"data": ("set/de.csv", "set/en.csv")}, subset="de")


def test_cells_do_not_depend_on_the_place_of_the_file(plan, visits, tmp_path):
    visits()
    first = plan(**OWN)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(tmp_path / "visits.csv", tmp_path / "elsewhere" / "renamed.csv")
    assert ids(plan(**OWN)) == ids(first)
    assert ids(plan(**OWN | {"data": ("elsewhere/renamed.csv",)})) == ids(first)
    assert plan(**OWN).plan.digest == first.plan.digest


def test_changes_that_can_affect_a_result_make_a_new_cell(plan, visits):
    visits()
    visits("other.csv", change=lambda note: note + ".")
    own = OWN | {"dtype": "float32"}  # the default is another on some processors
    first = ids(plan(**own))
    for change in ({"data": ("other.csv",)}, {"limit": 11}, {"epochs": 2.0}, {"dtype": "bfloat16"}):
        assert ids(plan(**own | change))[1] != first[1], change


def test_margin_and_price_change_the_plan_but_not_the_cells(plan, tmp_path):
    """Else an interrupted run would go on with the margin and the price that it had."""
    first = plan()
    assert ids(plan(price=9.0)) == ids(first)
    assert plan(price=9.0).plan.digest != first.plan.digest
    (tmp_path / "tasks").mkdir()
    shipped = (ROOT / "tasks" / "summarization.yaml").read_text()
    (tmp_path / "tasks" / "summarization.yaml").write_text(shipped.replace("margin: 0.01", "margin: 0.2"))
    assert ids(plan()) == ids(first)
    assert plan().plan.digest != first.plan.digest


def test_guardrails_change_the_plan_but_not_the_cells(plan, visits, tmp_path):
    fields, plans = "{input: dialogue, target: note}", []
    for limit in (0.3, 0.2):
        data = f"data: {{path: {visits()}, fields: {fields}}}\n"
        guardrails = f"guardrails: {{unsupported_rate: {{at_most: {limit}}}}}\n"
        (tmp_path / "mine.yaml").write_text(f"name: mine\nkind: summarization\n{data}{guardrails}")
        plans.append(plan(tasks=("mine.yaml",)))
    first, second = plans
    assert ids(second) == ids(first)
    assert second.plan.digest != first.plan.digest
    assert [rule.value for rule in second.plan.tasks["mine"].guardrails] == [0.2]


def test_title_in_the_report_is_not_that_of_other_data(plan, visits):
    shipped = plan(limit=8)
    own = plan(data=str(visits()), fields={"input": "dialogue", "target": "note"})
    assert "visit summaries" in shipped.plan.tasks["summarization"].report.question
    assert own.plan.tasks["summarization"].report.question == ""


def test_task_keeps_its_columns_and_shares_on_another_file(plan, visits, tmp_path):
    visits("new.csv")
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nkind: summarization\n"
        "data: {path: old.csv, fields: {input: dialogue, target: note}, split: {train: 0.5, validation: 0.25, test: 0.25, seed: 9}}\n"
    )
    planned = plan(tasks=("mine.yaml",), data=("new.csv",), limit=None)
    assert planned.plan.data["mine"].sizes == {"train": 20, "validation": 10, "test": 10}


def test_two_tasks_with_one_name_are_refused(plan, tmp_path):
    (tmp_path / "mine.yaml").write_text("name: summarization\nkind: summarization\ndata: {source: clinic}\n")
    with pytest.raises(BenchError, match="two tasks are named 'summarization'"):
        plan(tasks=("summarization", "mine.yaml"))


@pytest.mark.parametrize(
    ("task", "strategy", "message"),
    [
        ("prompt_format: chat", "", "needs a model with a chat template"),
        ("prompt: '{{ input.nothing }}'", "", "the prompt cannot be rendered"),
        ("decode: {max_new_tokens: 4000}", "", "leaves no room for a prompt"),
        (f"prompt: '{'long ' * 3000}{{{{ input }}}}'", "", "the instruction of the prompt alone takes"),
        ("", "adapter: {peft_type: LORA, target_modules: [no_such_layer]}", "the model has no module 'no_such_layer'"),
    ],
)
def test_problems_of_every_cell_are_found_before_the_first_one(plan, tmp_path, task, strategy, message):
    (tmp_path / "mine.yaml").write_text(f"name: mine\nkind: summarization\ndata: {{source: clinic}}\n{task}\n")
    adapter = strategy or "adapter: {peft_type: LORA, target_modules: all-linear}"
    (tmp_path / "strategy.yaml").write_text(f"name: mine\nmethod: peft\n{adapter}\ntrain: {{epochs: 1}}\n")
    with pytest.raises(BenchError, match=message):
        plan(tasks=("mine.yaml",), strategies=("./strategy.yaml",))


def test_model_without_a_key_value_cache_is_refused(plan, tmp_path):
    from transformers import AutoTokenizer, OpenAIGPTConfig, OpenAIGPTLMHeadModel

    OpenAIGPTLMHeadModel(OpenAIGPTConfig(vocab_size=4096, n_embd=64, n_layer=1, n_head=2)).save_pretrained(tmp_path / "gpt")
    AutoTokenizer.from_pretrained(TINY).save_pretrained(tmp_path / "gpt")
    with pytest.raises(BenchError, match="has no key-value cache"):
        plan(models=("./gpt",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds"),
        ({"seeds": "2"}, "seeds must be a whole number from 1, not '2'"),
        ({"limit": 0}, "limit"),
        ({"epochs": -1.0}, "epochs"),
        ({"epochs": "1"}, "epochs must be a number above 0, not '1'"),
        ({"price": float("nan")}, "price"),
        ({"volume": 0}, "volume must be a whole number from 1"),
        ({"volume": 1.5}, "volume must be a whole number from 1"),
    ],
)
def test_numbers_of_python_callers_are_checked(plan, change, message):
    with pytest.raises(BenchError, match=message):
        plan(**change)


@pytest.mark.parametrize(("indices", "jobs", "there_are"), [((0,), 2, "there is one GPU"), ((0, 2, 3), 4, "there are 3 GPUs")])
def test_cells_never_share_a_gpu(plan, tmp_path, indices, jobs, there_are):
    planned = plan()
    on_gpu = replace(planned, device=replace(planned.device, kind="cuda", name="H100", indices=indices))
    with pytest.raises(BenchError, match=rf"jobs={jobs} needs a device for each cell, and {there_are} \(H100\).*Use jobs={len(indices)}"):
        execute(on_gpu, tmp_path / "runs", None, EarlyProcesses(jobs, 1), jobs=jobs)
    assert not (tmp_path / "runs").exists()


def test_skipped_rows_leave_no_text_in_the_plan(plan, tmp_path):
    rows = [{"dialogue": f"talk {i}", "note": f"note {i}"} for i in range(30)] + [{"dialogue": {"text": "private words"}, "note": "x"}]
    text = "".join(json.dumps(row) + "\n" for row in rows) + 'private words, no JSON\n["private words"]\n'
    (tmp_path / "visits.jsonl").write_text(text)
    planned = plan(**OWN | {"data": ("visits.jsonl",), "skip_bad_rows": True})
    skipped = planned.plan.data["summarization"].skipped
    assert [line.split(":")[1] for line in skipped] == ["31", "32", "33"]
    assert "private" not in to_json_line(RunPlan, planned.plan)


def test_prompt_that_needs_a_missing_input_is_refused(plan, tmp_path):
    """The shipped prompt of qa asks whether there is a context; a rival's does not."""
    rows = [{"question": f"What is number {i}?", "answer": str(i)} | ({"context": f"It is {i}."} if i % 3 else {}) for i in range(30)]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "needs.yaml").write_text("name: needs\nmethod: prompt\nprompt: '{{ context }} {{ question }}'\n")
    options = {"tasks": ("qa",), "data": ("some.jsonl",)}
    assert len(plan(**options, strategies=("lora",)).plan.cells) == 2
    with pytest.raises(BenchError, match=r"strategy 'needs' on task 'qa': prompt: \d+ of \d+ examples have no 'context'.* is defined"):
        plan(**options, strategies=("needs.yaml",))


def test_examples_with_known_facts_are_scored_by_them(plan, visits):
    assert plan().plan.tasks["summarization"].metrics == ("rouge", "faithfulness", "length", "facts")
    visits()
    assert plan(**OWN).plan.tasks["summarization"].metrics == ("rouge", "faithfulness", "length")


def test_scoring_by_unknown_facts_is_refused(plan, visits, tmp_path):
    fields = "fields: {input: dialogue, target: note}"
    text = f"name: own\nkind: summarization\ndata: {{path: {visits()}, {fields}}}\nmetrics: [facts]\nprimary: entity_recall\n"
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(BenchError, match="task 'own': metrics: 'facts' needs examples whose facts are known, and these have none"):
        plan(tasks=("own.yaml",))


def test_data_without_the_prompts_input_gives_advice(plan, tmp_path):
    rows = [{"facts": {"colour": "red", "weight": i}, "copy": f"red, {i} g"} for i in range(30)]
    (tmp_path / "copy.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    fields = {"colour": "facts.colour", "weight": "facts.weight", "target": "copy"}
    with pytest.raises(BenchError, match=r"no field 'input'\. Known: choices, colour, weight\. Name a column .* bench init FILE"):
        plan(tasks=("generation",), data=("copy.jsonl",), fields=fields)
