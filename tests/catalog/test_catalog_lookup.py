"""Names are looked up in the given folders, in the working directory, and among the shipped files; the first match wins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.catalog import Catalog, shipped_folder
from harness.errors import BenchError
from harness.grid import vocabulary
from harness.types import ReportSpec, TrainSpec

Write = Callable[[str, str], Path]
MINE = "name: {name}\nkind: classification\ndescription: {text}\ndata: {{path: rows.csv}}\n"


def test_unknown_names_get_a_hint(catalog: Catalog) -> None:
    with pytest.raises(BenchError, match=r"unknown task 'classificaton'. Did you mean 'classification'\?"):
        catalog.task("classificaton")
    with pytest.raises(BenchError, match=r"unknown strategy 'loraa'. Did you mean 'lora'"):
        catalog.strategy("loraa")
    with pytest.raises(BenchError, match=r"unknown task 'zzz'. Known: classification, generation, qa, summarization."):
        catalog.task("zzz")


def test_own_tasks_are_listed_with_the_shipped_ones(catalog: Catalog, write: Write) -> None:
    write("tasks/mine.yaml", MINE.format(name="mine", text="own"))
    write("tasks/README.md", "not a task")
    names = [e.value.name for e in catalog.tasks()[0]]
    assert names == sorted(["mine", *(f.stem for f in shipped_folder("tasks").glob("*.yaml"))])
    assert catalog.task("mine").folder.name == "tasks", "relative paths start at the folder of the file"


def test_earlier_folders_take_precedence(write: Write, tmp_path: Path) -> None:
    write("first/classification.yaml", MINE.format(name="classification", text="first"))
    write("second/classification.yaml", MINE.format(name="classification", text="second"))
    write("second/only.yaml", MINE.format(name="only", text="second"))

    def described(name: str, *folders: str) -> str:
        return Catalog(vocabulary(), tasks=[tmp_path / f for f in folders], here=tmp_path).task(name).value.description

    shipped = described("classification")
    assert described("classification", "first", "second") == "first"
    assert described("classification", "second", "first") == "second"
    assert described("only", "first", "second") == "second"
    write("tasks/classification.yaml", MINE.format(name="classification", text="here"))
    assert described("classification") == "here" != shipped
    assert described("classification", "first") == "first"


def test_own_strategies(write: Write, tmp_path: Path) -> None:
    text = "name: lora\nmethod: peft\nadapter: {peft_type: LORA, r: 4}\ntrain: {}\n"
    write("more/lora.yaml", text)
    assert Catalog(vocabulary(), strategies=[tmp_path / "more"], here=tmp_path).strategy("lora").value.adapter["r"] == 4
    assert Catalog(vocabulary(), here=tmp_path).strategy("lora").value.adapter["r"] == 16
    write("strategies/mine.yml", text.replace("name: lora", "name: mine"))
    assert Catalog(vocabulary(), here=tmp_path).strategy("mine").value.adapter["r"] == 4


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError) as caught:
        Catalog(vocabulary(), tasks=[tmp_path / "a"], strategies=[tmp_path / "b"], here=tmp_path)
    assert caught.value.problems == (f"there is no folder {tmp_path / 'a'}", f"there is no folder {tmp_path / 'b'}")


def test_file_is_found_by_its_path_under_any_name(catalog: Catalog, write: Write, tmp_path: Path) -> None:
    file = write("deep/below/other.yaml", MINE.format(name="mine", text="x"))
    for name in ("deep/below/other.yaml", "./deep/below/other.yaml", str(file)):
        entry = catalog.task(name)
        assert entry.value.name == "mine"
        assert entry.folder.resolve() == file.parent


def test_name_must_equal_the_file_name_when_looked_up_by_name(catalog: Catalog, write: Write) -> None:
    """Else the listing would show a name that no command takes, and two files could claim one name in a report."""
    write("tasks/copied.yaml", MINE.format(name="classification", text="x"))
    with pytest.raises(BenchError, match=r"tasks/copied.yaml: name: 'classification' differs from the file name 'copied'"):
        catalog.task("copied")


def test_broken_file_does_not_hide_the_others(catalog: Catalog, write: Write) -> None:
    write("tasks/main.yaml", "- hosts: all\n")
    write("tasks/other.yaml", "name: other\n")
    entries, problems = catalog.tasks()
    assert "summarization" in {e.value.name for e in entries}
    assert {p.split(":")[0] for p in problems} == {"tasks/main.yaml", "tasks/other.yaml"}


def test_missing_fields_come_from_the_shipped_task_of_the_kind(catalog: Catalog, write: Write) -> None:
    shipped = catalog.task("summarization").value
    write("mine.yaml", "name: mine\nkind: summarization\ndata: {path: a.csv}\ndecode: {max_new_tokens: 7}\n")
    mine = catalog.task("mine.yaml").value
    assert (mine.prompt, mine.metrics, mine.primary, mine.margin) == (shipped.prompt, shipped.metrics, shipped.primary, shipped.margin)
    assert mine.decode.max_new_tokens == 7
    assert mine.data.source is None, "the data are the user's own"
    write("other.yaml", "name: other\nkind: classification\ndata: {path: a.csv}\n")
    assert catalog.task("other.yaml").value.prompt == catalog.task("classification").value.prompt


def test_qa_task_can_omit_no_answer(catalog: Catalog, write: Write) -> None:
    shipped = catalog.task("qa").value
    write("mine.yaml", "name: mine\nkind: qa\ndata: {path: squad.json}\n")
    assert catalog.task("mine.yaml").value == shipped.model_copy(
        update={"name": "mine", "description": "", "data": catalog.task("mine.yaml").value.data, "guardrails": (), "report": ReportSpec()}
    )
    assert (shipped.no_answer, shipped.decode.stop) == ("unanswerable", ("\n",))
    write("own.yaml", "name: own\nkind: qa\ndata: {path: a.csv}\nno_answer: no idea\nprompt: '{{ question }} (or: no idea)'\n")
    assert catalog.task("own.yaml").value.no_answer == "no idea"
    write("never.yaml", "name: never\nkind: qa\ndata: {path: a.csv}\nno_answer:\nprompt: '{{ question }}'\n")
    assert catalog.task("never.yaml").value.no_answer is None
    for kind in ("summarization", "generation", "classification"):
        write("other.yaml", f"name: other\nkind: {kind}\ndata: {{path: a.csv}}\n")
        assert catalog.task("other.yaml").value.no_answer is None


def test_qa_task_with_labels_is_scored_as_classification(catalog: Catalog, write: Write) -> None:
    text = "name: mine\nkind: qa\ndata: {path: pubmed.json}\nlabels: ['yes', 'no', maybe]\n"
    write("mine.yaml", text)
    mine, classification = catalog.task("mine.yaml").value, catalog.task("classification").value
    assert (mine.metrics, mine.primary, mine.margin) == (classification.metrics, classification.primary, classification.margin)
    assert (mine.no_answer, mine.chooses) == (None, True)
    assert mine.prompt == catalog.task("qa").value.prompt
    write("own.yaml", text + "metrics: [squad, classification]\nprimary: f1\n")
    assert catalog.task("own.yaml").value.metrics == ("squad", "classification")
    write("one.yaml", text + "primary: accuracy\n")
    assert catalog.task("one.yaml").value.primary == "accuracy"


def test_default_margin_is_not_used_for_another_score(catalog: Catalog, write: Write) -> None:
    """One point of chrF is little; 1.0 on a scale from 0 to 1 would call everything a tie."""
    task = "name: mine\nkind: generation\ndata: {path: a.csv}\n"
    write("mine.yaml", task)
    assert (catalog.task("mine.yaml").value.primary, catalog.task("mine.yaml").value.margin) == ("chrf", 1.0)
    for more in ("primary: rougeL\n", "metrics: [rouge]\nprimary: rougeL\n"):
        write("mine.yaml", task + more)
        assert catalog.task("mine.yaml").value.margin == 0.01
    write("mine.yaml", task + "metrics: [chrf]\nprimary: chrf\n")
    assert catalog.task("mine.yaml").value.margin == 1.0
    write("mine.yaml", task + "metrics: [bleu]\nprimary: bleu\nmargin: 0.5\n")
    assert catalog.task("mine.yaml").value.margin == 0.5


@pytest.mark.parametrize(
    ("parameters", "rate"),
    [(1, 1e-1), (50_000_000, 1e-1), (50_000_001, 1e-2), (1_000_000_000, 1e-2), (1_000_000_001, 1e-3), (10**15, 1e-3)],
)
def test_learning_rate_depends_on_the_model_size(parameters: int, rate: float) -> None:
    """Whatever the order in which the table is written."""
    assert TrainSpec(learning_rate={"inf": 1e-3, "1B": 1e-2, "50M": 1e-1}).learning_rate_for(parameters) == rate
    assert TrainSpec(learning_rate={"50m": 1e-1, "1000M": 1e-2, "inf": 1e-3}).learning_rate_for(parameters) == rate
    assert TrainSpec(learning_rate=0.5).learning_rate_for(parameters) == 0.5


def test_batch_size_depends_on_the_model_size() -> None:
    spec = TrainSpec(batch_size={"50M": 4, "inf": 8})
    assert [spec.batch_size_for(parameters) for parameters in (5_000_000, 50_000_000, 135_000_000)] == [4, 4, 8]
    assert TrainSpec(batch_size=16).batch_size_for(1) == 16
    with pytest.raises(ValueError, match="needs an entry 'inf'"):
        TrainSpec(batch_size={"50M": 4})
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        TrainSpec(batch_size={"inf": 0})


@pytest.mark.parametrize("size", ["", "M", "-1M", "0B", "50", "nanM", "infB", "5 0M x"])
def test_invalid_model_sizes_are_refused(size: str) -> None:
    with pytest.raises(ValueError, match="is not a model size"):
        TrainSpec(learning_rate={size: 1e-3, "inf": 1e-3})
