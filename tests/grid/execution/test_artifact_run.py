"""Models that were tuned elsewhere, from the folder that another trainer wrote to the model in service."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import transformers
from evidence_factory import evidence, strategy
from foreign_models import edit_config, save_adapter, save_base, save_merged
from in_process import cells_in_process
from peft import PeftModel

from harness import BenchError, Run, Strategy, gate, load_run, run
from harness.api import export, predict, promote
from harness.decision import decide
from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel

TASK = {
    "name": "tickets",
    "kind": "classification",
    "data": {"train": "train.jsonl", "test": "test.jsonl", "fields": {"target": "label", "id": "id"}},
    "metrics": ["classification"],
    "primary": "accuracy",
    "margin": 0.05,
    "prompt": "{{ input }} is",
}
LABELS = ("billing", "card")


def write_task(folder: Path) -> Path:
    for name, numbers in (("train", range(8)), ("test", range(100, 124))):
        rows = [
            {"id": f"row-{i}", "input": f"refund payment {i}" if i % 2 else f"my card {i}", "label": LABELS[i % 2 == 0]} for i in numbers
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "tickets.yaml").write_text(json.dumps(TASK))
    return folder


def start(folder: Path, *strategies: str | Strategy, **options: Any) -> Run:
    with cells_in_process():
        return run(
            str(folder / "tickets.yaml"), list(strategies), runs_dir=folder / "runs", dtype="float32",
            **({"model": str(folder / "small")} | options),
        )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _no_pages() -> Iterator[None]:
    """The report is read in one test alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.api.requested_runs._write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model, an adapter on it, the two merged, and a run of all three."""
    folder = write_task(tmp_path_factory.mktemp("artifacts"))
    save_base(folder / "small")
    save_adapter(folder / "small", folder / "vendor")
    save_merged(folder / "small", folder / "vendor", folder / "merged")
    start(folder, f"artifact:{folder / 'vendor'}", f"artifact:{folder / 'merged'}@whole")
    return folder


@pytest.fixture(scope="module")
def done(here: Path) -> Run:
    return load_run(min((here / "runs").iterdir()).name, runs_dir=here / "runs")


def likelihoods(done: Run, strategy: str) -> list[tuple[float, ...]]:
    (cell,) = (cell for cell in done.cells if cell.strategy == strategy)
    return [prediction.label_logprobs for prediction in done.stored.predictions(cell.id)]


def test_an_adapter_and_a_whole_model_answer_as_in_peft_and_transformers(here: Path, done: Run) -> None:
    base = transformers.AutoModelForCausalLM.from_pretrained(here / "small")
    words = transformers.AutoTokenizer.from_pretrained(here / "small")
    adapted = PeftModel.from_pretrained(base, here / "vendor").eval()
    examples = done.stored.examples("tickets")[:3]
    predictor = Predictor(done.tasks["tickets"], Strategy(name="plain", method="prompt"), LoadedModel(adapted, words, 512, 0), LABELS)
    expected = [prediction.label_logprobs for prediction in predictor.predict(examples)]
    for name in ("vendor", "whole"):
        for answered, own in zip(likelihoods(done, name), expected, strict=False):
            assert answered == pytest.approx(own, abs=1e-3)
    assert likelihoods(done, "base")[0] != pytest.approx(expected[0], abs=0.1), "the adapter changes nothing, so that this shows nothing"


def test_the_run_says_that_its_training_is_not_known(done: Run) -> None:
    notes = {cell.strategy: [note.code for note in done.stored.results[cell.id].notes] for cell in done.cells}
    assert notes == {"base": [], "vendor": ["foreign_adapter"], "whole": ["foreign_model"]}
    (note,) = next(done.stored.results[cell.id].notes for cell in done.cells if cell.strategy == "vendor")
    assert note.texts == ("LORA on small",), "a folder of the trainer's machine may name its user"
    table = done.summary().set_index("strategy")
    assert table.loc["base", "training_price"] == 0 and table.loc[["vendor", "whole"], "training_price"].isna().all()
    assert [result.label for result in done.stored.by_task["tickets"].strategies if result.base is not None] == ["vendor", "whole"]
    cells = {cell.strategy: done.stored.results[cell.id] for cell in done.cells}
    assert cells["vendor"].general_loss is not None and cells["vendor"].general_loss[0] != cells["vendor"].general_loss[1]
    assert cells["vendor"].provenance["artifact_sha256"] == done.stored.plan.strategies["vendor"].artifact.sha256  # type: ignore[union-attr]


def test_content_decides_what_is_reused_and_not_the_place(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here / "vendor", tmp_path / "vendor")
    shutil.copytree(here / "merged", tmp_path / "whole")
    (tmp_path / "vendor" / "training_args.bin").write_bytes(b"what a trainer leaves beside its weights")
    ran: list[str] = []
    with cells_in_process(lambda jobs: ran.extend(job.cell for job in jobs)):
        again = run(
            str(here / "tickets.yaml"), [f"artifact:{tmp_path / 'vendor'}", f"artifact:{tmp_path / 'whole'}"],
            runs_dir=here / "runs", dtype="float32", model=str(here / "small"),
        )  # fmt: skip
    assert not ran
    assert not (again.path / "cells" / again.cells[1].id / "artifact" / "training_args.bin").exists()
    edit_config(tmp_path / "vendor", lora_alpha=64)
    changed = start(here, f"artifact:{tmp_path / 'vendor'}")
    assert changed.cells[1].id != again.cells[1].id


def test_the_model_in_service_needs_its_folder_no_more(here: Path, done: Run, tmp_path: Path) -> None:
    work = write_task(tmp_path)
    shutil.copytree(here / "small", work / "small")
    save_adapter(work / "small", work / "vendor", r=2)
    save_merged(work / "small", work / "vendor", work / "merged")
    made = start(work, "artifact:" + str(work / "vendor"), "artifact:" + str(work / "merged") + "@whole")
    for name in ("vendor", "merged"):
        shutil.rmtree(work / name)
    rows = [{"id": "new", "input": "my card is lost"}]
    place = str(work / "small")
    answers = [predict(made, name, rows, model_path=place).rows()[0] for name in ("vendor", "whole")]
    assert answers[0]["probabilities"] == pytest.approx(answers[1]["probabilities"], abs=1e-4)
    exported = export(made, "whole", work / "exported").folder
    assert (exported / "model.safetensors").is_file() and "trained elsewhere" in (exported / "README.md").read_text()
    assert str(work) not in (exported / "README.md").read_text()
    export(made, "vendor", work / "one", merge=True, model_path=place)
    registry = work / "registry"
    promote(made, "whole", registry=registry, new_registry=True, force=True, reason="the model in service")
    verdict = gate(made, "vendor", registry=registry, model_path=place)
    assert verdict.baseline is not None and verdict.baseline.strategy == "whole" and verdict.outcome != "FAIL"
    notes = [note.texts["side"][0] for note in verdict.notes if note.code == "training_data_unknown"]
    assert notes == ["candidate", "baseline"]
    assert "no_leakage" not in [rule.rule.kind for rule in verdict.rules]


def test_a_yaml_file_gives_it_a_prompt_of_its_own_and_a_statement(here: Path, done: Run) -> None:
    text = "name: ours\nmethod: artifact\nartifact: {path: vendor, unseen: the tickets are newer}\nprompt: 'Ticket: {{ input }}'\n"
    (here / "ours.yaml").write_text(text)
    made = start(here, str(here / "ours.yaml"))
    assert likelihoods(made, "ours") != likelihoods(done, "vendor"), "another prompt, from a path that starts at the file"
    (cell,) = (cell for cell in made.cells if cell.strategy == "ours")
    assert made.stored.results[cell.id].notes[1].texts == ("the tickets are newer",)


@pytest.mark.soak
def test_tokens_that_a_trainer_has_added_come_with_their_embeddings(here: Path, tmp_path: Path) -> None:
    save_adapter(here / "small", tmp_path / "grown", added=("<|ticket|>", "<|label|>"))
    made = start(here, f"artifact:{tmp_path / 'grown'}", base=False)
    (cell,) = made.cells
    assert made.stored.results[cell.id].provenance["added_tokens"] == "2"
    with pytest.raises(BenchError, match=r"embeddings of 2 tokens that its base model does not have.*merge"):
        export(made, "grown", tmp_path / "adapter", model_path=str(here / "small"))
    exported = export(made, "grown", tmp_path / "whole", merge=True, model_path=str(here / "small")).folder
    config = json.loads((exported / "config.json").read_text())
    assert config["vocab_size"] == json.loads((here / "small" / "config.json").read_text())["vocab_size"] + 2


def test_a_tokenizer_with_more_tokens_than_embeddings_is_refused(here: Path, tmp_path: Path) -> None:
    grown = save_adapter(here / "small", tmp_path / "grown", with_tokenizer=True)
    words = transformers.AutoTokenizer.from_pretrained(grown)
    words.add_tokens(["<|ticket|>"])
    words.save_pretrained(grown)
    with pytest.raises(BenchError, match="tokens were added, and their embeddings were not stored"):
        start(here, f"artifact:{grown}")


def test_an_adapter_of_another_model_is_refused_or_noted(here: Path, tmp_path: Path) -> None:
    save_base(tmp_path / "other")
    adapter = save_adapter(tmp_path / "other", tmp_path / "vendor")
    shutil.rmtree(tmp_path / "other")
    made = start(here, f"artifact:{adapter}", base=False)
    assert any("was trained on" in text and "is tested on 'small'" in text for text in made.stored.plan.data["tickets"].warnings)
    wider = edit_config(shutil.copytree(adapter, tmp_path / "wider"), base_model_name_or_path="org/large", r=8)
    with pytest.raises(BenchError, match=r"does not fit the model 'small': .* is 4 × 64 .*, and would be 8 × 64 here\. It was trained on"):
        start(here, f"artifact:{wider}")


def test_whole_models_alone_need_no_base_model(here: Path) -> None:
    made = start(here, f"artifact:{here / 'merged'}@whole", base=False, model=[])
    assert [cell.model for cell in made.cells] == ["whole"] and "whole" in made.stored.plan.models


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"task_type": "SEQ_CLS"}, "the file does not tell the order of its labels"),
        ({"megatron_config": {"a": 1}}, "megatron_config: names code that would be imported"),
        ({"layer_replication": [[0, 9]]}, "layer_replication: copies layers"),
        ({"r": 10**12}, "r: is 1000000000000, and bench accepts up to 1,000,000"),
        ({"use_magic": True}, "does not know what use_magic means"),
        ({"peft_type": "MAGIC"}, "has no method 'MAGIC'"),
        ({"peft_type": 7}, "peft_type: must name a method of PEFT"),
        ({"init_lora_weights": "loftq"}, "init_lora_weights: loftq cannot be used here"),
        ({"target_modules": "([a-z_.0-9]+)+!"}, "takes too long to match"),
        ({"target_modules": "(q_proj"}, "is no valid expression"),
        ({"target_modules": ["k_proj"]}, "the adapter has no base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight"),
        ({"target_modules": ["q_proj"]}, "for which the model has no place"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_clear_error(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: Any, problem: str
) -> None:
    monkeypatch.setattr("harness.engine.foreign.patterns._SECONDS", 1.0)
    adapter = edit_config(shutil.copytree(here / "vendor", tmp_path / "vendor"), **fields)
    with pytest.raises(BenchError) as caught:
        start(here, f"artifact:{adapter}")
    assert problem in str(caught.value)


def _pickle(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def _link(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    file.rename(folder.parent / "elsewhere")
    file.symlink_to(folder.parent / "elsewhere")


def _both(folder: Path) -> None:
    (folder / "model.safetensors").touch()


def _nested(folder: Path) -> None:
    inside = folder / "checkpoint-12"
    inside.mkdir()
    for file in list(folder.glob("adapter_*")):
        file.rename(inside / file.name)


def _cut(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:100])


def _listed(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("[]")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_pickle, "adapter_model.bin is a pickle, which can run code when opened and is never loaded"),
        (_link, "is a link, which could lead anywhere"),
        (_both, "holds an adapter and a whole model"),
        (_nested, "Name a folder inside it: checkpoint-12"),
        (_cut, "contains no weights"),
        (_listed, "must be a JSON object, not list"),
        (shutil.rmtree, "is not a folder. Name the folder that the trainer wrote"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_clear_error(here: Path, tmp_path: Path, damage: Callable[[Path], None], problem: str) -> None:
    damage(shutil.copytree(here / "vendor", tmp_path / "vendor"))
    with pytest.raises(BenchError) as caught:
        start(here, f"artifact:{tmp_path / 'vendor'}")
    assert problem in str(caught.value)


@pytest.mark.soak
def test_a_folder_that_changes_while_a_run_begins_is_not_mixed(here: Path, tmp_path: Path) -> None:
    adapter = shutil.copytree(here / "vendor", tmp_path / "vendor")

    def change(*_: object) -> None:
        edit_config(adapter, lora_alpha=16)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.grid.execution.run.check_disk_space", lambda *_, **__: change())
        with pytest.raises(BenchError, match="has changed since the run began"):
            start(here, f"artifact:{adapter}@changing")


def test_names_that_are_taken_are_refused(here: Path) -> None:
    with pytest.raises(BenchError, match=r"two strategies are named 'vendor': name one of them: artifact:.*@NAME"):
        start(here, f"artifact:{here / 'vendor'}", f"artifact:{here / 'merged'}@vendor")
    with pytest.raises(BenchError, match=r"a base model of the run has the same name"):
        start(here, f"artifact:{here / 'merged'}@small")


@pytest.mark.parametrize(("unseen", "code"), [("", "training_data_unknown"), ("the tickets are newer", "training_data_stated")])
def test_a_choice_whose_training_is_not_known_ships_on_that_condition(unseen: str, code: str) -> None:
    chosen = strategy("vendor", 0.9, has_foreign_weights=True, unseen=unseen)
    decision = decide(evidence([chosen, strategy("base", 0.5)]))
    assert decision.strategy == "vendor"
    assert decision.state == ("ship" if unseen else "ship_with_conditions")
    assert code in [reason.code for reason in decision.reasons]
    assert ("ask_trainer" in [step.code for step in decision.next_steps]) == (not unseen)


def test_the_page_says_it_in_words(here: Path, done: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    page = done.write_report(here / "page.html").read_text(encoding="utf-8")
    assert "What it was trained on is not known, so it may have seen test examples" in page
    assert "not known" in page and "Tuned elsewhere" in page
