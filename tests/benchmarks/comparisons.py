"""What `bench` does beside what a user would run instead: TRL's `SFTTrainer`, lm-evaluation-harness, and a shell loop of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import yaml

from harness.results import RunResults
from harness.store import RunFolder
from tests.benchmarks.material import read_rows, write_ended_choices, write_rows
from tests.benchmarks.our_side import ADAPTER, LEARNING_RATE
from tests.benchmarks.sides import Sides, timed

BATCH = 8  # examples in a training step
NEW_TOKENS = 48  # of an answer
FLOAT32 = "float32"


@dataclass(frozen=True)
class Setting:
    """What a comparison runs with. `files` are the rows by name, `folder` is for what is written."""

    sides: Sides
    model: str
    files: Mapping[str, Path]
    folder: Path


@dataclass(frozen=True)
class Agreement:
    """Whether both sides had the same results, in words."""

    text: str
    is_close: bool


class Comparison(Protocol):
    """A piece of work that both sides do."""

    @property
    def name(self) -> str: ...

    @property
    def other(self) -> str:
        """The other tool."""

    def agreement(self, setting: Setting) -> Agreement:
        """Whether both sides have the same results."""

    def round(self, setting: Setting) -> tuple[float, float]:
        """The seconds of the other tool and of `bench`, one after the other."""


@dataclass(frozen=True)
class Training:
    """Fine-tuning in batches of 8, without validation. TRL has the fastest of its losses, with and without Liger's kernels where they work.

    Args:
        compilation: that of our recipe. The time to compile counts.
    """

    name: str
    data: str
    strategy: str
    dtype: str = FLOAT32
    max_length: int = 512
    epochs: int = 1
    compilation: str = "auto"
    other: str = "TRL, better loss"

    def agreement(self, setting: Setting) -> Agreement:
        """With all rows in one batch, the first loss is the mean over the same tokens."""
        few = setting.folder / f"{self.data}-first.jsonl"
        write_rows(few, read_rows(setting.files[self.data])[:BATCH])
        theirs = setting.sides.trl([*self._arguments(setting, few), "--out", str(setting.folder / "trl")])["losses"][0]
        ours = self._train(setting, few)["losses"][0]
        difference = abs(ours - theirs) / abs(theirs)
        return Agreement(f"first loss to {100 * difference:.1g}%", difference <= (0.002 if self.dtype == FLOAT32 else 0.02))

    def round(self, setting: Setting) -> tuple[float, float]:
        data = setting.files[self.data]
        theirs = [
            setting.sides.trl([*self._arguments(setting, data), "--loss", loss, "--out", str(setting.folder / "trl")], liger=liger)[
                "train_s"
            ]
            for liger in ((False, True) if setting.sides.has_liger() else (False,))
            for loss in ("nll", "chunked_nll")
        ]
        return min(theirs), self._train(setting, data)["train_s"]

    def _train(self, setting: Setting, data: Path) -> dict[str, Any]:
        options = ["--compilation", self.compilation, "--out", str(setting.folder / "bench")]
        return setting.sides.ours(["train", *self._arguments(setting, data), *options])

    def _arguments(self, setting: Setting, data: Path) -> list[str]:
        numbers = ["--batch-size", str(BATCH), "--epochs", str(self.epochs), "--max-length", str(self.max_length)]
        return ["--model", setting.model, "--data", str(data), "--strategy", self.strategy, "--dtype", self.dtype, *numbers]


# Of ln p of a label. In bfloat16, rounding alone changed those of 77 labels of SmolLM2-135M by 0.26 in the median, and by 1.3 at most.
_TOLERANCE = {FLOAT32: 0.01, "bfloat16": 2.0}


@dataclass(frozen=True)
class Scoring:
    """Answers of a model: generated greedily, or chosen among labels by their likelihood.

    Args:
        tuned_on: rows that the model was trained on with LoRA, by us; None for the untuned one.
        least: the smallest share of equal answers that counts as the same result. Rounding in bfloat16 changes some texts.
    """

    name: str
    data: str
    work: str
    dtype: str = FLOAT32
    least: float = 0.9
    other: str = "lm-evaluation-harness"
    tuned_on: str | None = None

    def agreement(self, setting: Setting) -> Agreement:
        if self.tuned_on is not None:
            data = ["--data", str(setting.files[self.tuned_on]), "--strategy", "lora", "--dtype", self.dtype]
            setting.sides.ours(["train", "--model", setting.model, *data, "--out", str(setting.folder / "tuned")])
        ours, theirs = self._outputs(setting)
        self._theirs(setting)
        self._ours(setting)
        same, number = count_equal(self.work, ours, theirs, _TOLERANCE[self.dtype])
        return Agreement(f"{same} of {number} {'texts' if self.work == 'generate' else 'choices'}", same >= self.least * number)

    def round(self, setting: Setting) -> tuple[float, float]:
        return self._theirs(setting), self._ours(setting)

    def _theirs(self, setting: Setting) -> float:
        data = setting.files[self.data]
        if self.work == "choose":
            data = write_ended_choices(data, setting.folder / f"{self.data}-ended.jsonl")
        out = self._outputs(setting)[1]
        seconds: float = setting.sides.lm_eval([*self._arguments(setting, data), "--kind", self.work, "--out", str(out)])["eval_s"]
        return seconds

    def _ours(self, setting: Setting) -> float:
        out = self._outputs(setting)[0]
        seconds: float = setting.sides.ours([self.work, *self._arguments(setting, setting.files[self.data]), "--out", str(out)])["eval_s"]
        return seconds

    def _outputs(self, setting: Setting) -> tuple[Path, Path]:
        return setting.folder / "answers.jsonl", setting.folder / "their-answers.jsonl"

    def _arguments(self, setting: Setting, data: Path) -> list[str]:
        adapter = [] if self.tuned_on is None else ["--adapter", str(setting.folder / "tuned" / "adapter")]
        return ["--model", setting.model, *adapter, "--data", str(data), "--dtype", self.dtype, "--max-new-tokens", str(NEW_TOKENS)]


@dataclass(frozen=True)
class WholeGrid:
    """`bench run` with two strategies, beside a loop that trains each with TRL and scores each and the untuned model.

    `bench run` also scores every output, compares the strategies and writes its report. Neither side measures how fast its models answer.
    """

    name: str
    data: str
    test: str
    strategies: tuple[str, ...] = ("lora", "full")
    other: str = "loop of TRL and lm-evaluation-harness"

    def agreement(self, setting: Setting) -> Agreement:
        """The texts of the untuned model; the trained ones saw their batches in another order."""
        self._loop(setting, only_base=True)
        run = self._run(setting, strategies=())
        (base,) = RunResults(RunFolder(run)).by_task["grid-task"].strategies
        outputs = {answer.example_id: answer.output for answer in base.predictions(base.cell)}
        ours = setting.folder / "grid-answers.jsonl"
        write_rows(ours, [{"output": outputs[f"test{i}"]} for i in range(len(outputs))])
        same, number = count_equal("generate", ours, setting.folder / "base-answers.jsonl")
        return Agreement(f"{same} of {number} texts of the untuned model", same >= 0.9 * number)

    def round(self, setting: Setting) -> tuple[float, float]:
        return timed(self._loop, setting)[0], timed(self._run, setting, self.strategies)[0]

    def _loop(self, setting: Setting, *, only_base: bool = False) -> None:
        data, test = str(setting.files[self.data]), str(setting.files[self.test])
        answer = ["--data", test, "--dtype", FLOAT32, "--max-new-tokens", str(NEW_TOKENS), "--kind", "generate"]
        setting.sides.lm_eval(["--model", setting.model, *answer, "--out", str(setting.folder / "base-answers.jsonl")])
        for strategy in () if only_base else self.strategies:
            trained = str(setting.folder / f"trl-{strategy}")
            numbers = ["--batch-size", str(BATCH), "--epochs", "1", "--loss", "chunked_nll", "--dtype", FLOAT32]
            setting.sides.trl(["--model", setting.model, "--data", data, "--strategy", strategy, *numbers, "--out", trained])
            model = ["--model", trained] if strategy == "full" else ["--model", setting.model, "--adapter", trained]
            setting.sides.lm_eval([*model, *answer, "--out", str(setting.folder / "their-answers.jsonl")])

    def _run(self, setting: Setting, strategies: Sequence[str]) -> Path:
        train, test = (read_rows(setting.files[name]) for name in (self.data, self.test))
        return _run_bench(setting, train, test, strategies, options=["--serving-seconds", "0"])


@dataclass(frozen=True)
class Together:
    """Four seeds of a strategy by `bench run --together`, beside the same run without it: the time in which they train."""

    name: str
    data: str
    strategy: str
    dtype: str = FLOAT32
    other: str = "bench, one by one"

    def agreement(self, setting: Setting) -> Agreement:
        """The validation losses."""
        alone, joint = ([loss for _, loss in self._trainings(setting, options)] for options in ([], ["--together"]))
        difference = max(abs(ours - theirs) / abs(theirs) for theirs, ours in zip(alone, joint, strict=True))
        return Agreement(f"validation losses to {100 * difference:.1g}%", difference <= (1e-4 if self.dtype == FLOAT32 else 0.02))

    def round(self, setting: Setting) -> tuple[float, float]:
        alone, joint = (sum(seconds for seconds, _ in self._trainings(setting, options)) for options in ([], ["--together"]))
        return alone, joint

    def _trainings(self, setting: Setting, options: Sequence[str]) -> list[tuple[float, float]]:
        """The seconds and the validation loss of each."""
        rows = read_rows(setting.files[self.data])
        several = ["--seeds", "4", "--no-base", "--serving-seconds", "0", *options]
        run = _run_bench(setting, rows, rows[:1], [self.strategy], self.dtype, several)
        results = RunResults(RunFolder(run)).by_task["grid-task"].strategies[0]
        trained = [results.run.results[cell.id] for cell in results.done]
        return [
            (sum(cost.seconds for cost in each.costs if cost.phase == "train"), each.training.best_validation_loss or math.nan)
            for each in trained
            if each.training is not None
        ]


def _run_bench(
    setting: Setting,
    train: Sequence[Mapping[str, object]],
    test: Sequence[Mapping[str, object]],
    strategies: Sequence[str],
    dtype: str = FLOAT32,
    options: Sequence[str] = (),
) -> Path:
    """`bench run` on these rows, of which the last one of training is for validation; returns the run's folder."""
    folder = setting.folder / "grid"
    folder.mkdir(exist_ok=True)
    for name, part in (("train", train[:-1]), ("validation", train[-1:]), ("test", test)):
        rows = [{"id": f"{name}{i}", "input": row["prompt"], "target": row["completion"]} for i, row in enumerate(part)]
        write_rows(folder / f"{name}.jsonl", rows)
    (folder / "grid-task.yaml").write_text(yaml.safe_dump(_grid_task()), encoding="utf-8")
    named = []
    for strategy in strategies:
        named.append(str(folder / f"{strategy}-once.yaml"))
        Path(named[-1]).write_text(yaml.safe_dump(_grid_strategy(strategy)), encoding="utf-8")
    chosen = ["--strategies", ",".join(named)] if named else ["--strategies", "base"]
    runs = ["--runs-dir", str(folder / "runs"), "--dtype", dtype, "--no-reuse", *options]
    return setting.sides.run_grid(["--task", str(folder / "grid-task.yaml"), "--model", setting.model, *chosen, *runs])


def _grid_task() -> dict[str, object]:
    return {
        "name": "grid-task",
        "kind": "summarization",
        "version": 1,
        "description": "The rows of a speed comparison.",
        "data": {"path": {name: f"{name}.jsonl" for name in ("train", "validation", "test")}},
        "prompt": "{{ input }}",
        "prompt_format": "plain",
        "metrics": ["rouge"],
        "primary": "rougeL",
        "margin": 0.02,
        "decode": {"max_new_tokens": NEW_TOKENS},
    }


def _grid_strategy(name: str) -> dict[str, object]:
    recipe = {
        "epochs": 1,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "schedule": "constant",
        "warmup": 0.0,
        "validations_per_epoch": 1,
    }
    method: dict[str, object] = {"method": "full"} if name == "full" else {"method": "peft", "adapter": ADAPTER}
    if name == "qlora":
        method["quantization"] = {"type": "nf4", "double_quantization": True}
    return {"name": f"{name}-once", "description": "One epoch.", "train": recipe} | method


def count_equal(work: str, our_file: Path, their_file: Path, tolerance: float = _TOLERANCE[FLOAT32]) -> tuple[int, int]:
    """How many answers are the same, of how many: the same text, or the same label with likelihoods that differ by at most `tolerance`."""
    ours = read_rows(our_file)
    theirs = sorted(read_rows(their_file), key=lambda row: row["doc_id"])  # type: ignore[arg-type, return-value]
    is_equal = _has_same_text if work == "generate" else partial(_has_same_choice, tolerance=tolerance)
    return sum(is_equal(a, b) for a, b in zip(ours, theirs, strict=True)), len(ours)


def _has_same_text(ours: Mapping[str, object], theirs: Mapping[str, object]) -> bool:
    return str(ours["output"]).strip() == theirs["resps"][0].strip()  # type: ignore[index]


def _has_same_choice(ours: Mapping[str, object], theirs: Mapping[str, object], *, tolerance: float) -> bool:
    """The other side counts the prompt's last line break with the label, which adds the same number to every label of a row."""
    own: Sequence[float] = ours["logprobs"]  # type: ignore[assignment]
    values = [float(each[0] if isinstance(each, list) else each) for each in theirs["resps"]]  # type: ignore[attr-defined]
    offset = values[0] - own[0]
    is_close = all(math.isclose(value - offset, mine, abs_tol=tolerance) for value, mine in zip(values, own, strict=True))
    return is_close and values.index(max(values)) == own.index(max(own))


COMPARISONS: tuple[Comparison, ...] = (
    Training("LoRA training, 32 dialogues", "dialogues", "lora"),
    Training("LoRA training, 32 dialogues, bfloat16", "dialogues", "lora", "bfloat16"),
    Training("LoRA training, 4 epochs of 32 dialogues, compiled", "dialogues", "lora", epochs=4, compilation="on"),
    Training("LoRA training, 4 epochs of 32 dialogues, compiled, bfloat16", "dialogues", "lora", "bfloat16", epochs=4, compilation="on"),
    Training("QLoRA training, 32 dialogues", "dialogues", "qlora"),
    Training("QLoRA training, 32 dialogues, bfloat16", "dialogues", "qlora", "bfloat16"),
    Training("full fine-tuning, 32 dialogues", "dialogues", "full"),
    Training("LoRA training, 32 messages with labels", "intents", "lora"),
    Training("LoRA training, targets as long as prompts", "restaurants", "lora"),
    Training("LoRA training, 16 long dialogues", "long-dialogues", "lora", max_length=1024),
    Scoring("generation, 48 tokens", "dialogues", "generate"),
    Scoring("generation, 48 tokens, bfloat16", "dialogues", "generate", "bfloat16", least=0.5),
    Scoring("generation by a model with LoRA", "other-dialogues", "generate", tuned_on="dialogues"),
    Scoring("generation by a model with LoRA, bfloat16", "other-dialogues", "generate", "bfloat16", least=0.5, tuned_on="dialogues"),
    Scoring("generation, long prompts", "long-dialogues", "generate"),
    Scoring("choice among 77 labels", "intents", "choose"),
    Scoring("choice among 77 labels, bfloat16", "intents", "choose", "bfloat16", least=0.5),
    Scoring("choice among 5 labels, long inputs", "long-inputs", "choose"),
    WholeGrid("whole grid: base, LoRA, full", "dialogues", "other-dialogues"),
    Together("4 trainings with LoRA, 32 messages with labels", "intents", "lora"),
    Together("4 trainings with LoRA, 32 dialogues, bfloat16", "dialogues", "lora", "bfloat16"),
    Together("4 trainings with QLoRA, 32 messages with labels, bfloat16", "intents", "qlora", "bfloat16"),
)
