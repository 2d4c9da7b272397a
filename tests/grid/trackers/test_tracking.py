"""What trackers learn of a run, and that none of them can harm it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run

from harness.errors import BenchError, setting
from harness.grid import Tracking, open_trackers
from harness.grid.trackers import CellOutcome, CurvePoint, RunOutcome, TrackedCell, TrackedRun, Tracker, tracking
from harness.results import RunResults


class Recorder:
    """A tracker that remembers what it was sent."""

    name = "Recorder"

    def __init__(self) -> None:
        self.run: TrackedRun | None = None
        self.cells: list[TrackedCell] = []
        self.points: dict[str, list[CurvePoint]] = {}
        self.outcomes: dict[str, CellOutcome] = {}
        self.outcome: RunOutcome | None = None

    def start(self, run: TrackedRun) -> str:
        self.run = run
        return "http://tracker/1"

    def start_cell(self, cell: TrackedCell) -> None:
        self.cells.append(cell)

    def log(self, cell: TrackedCell, points: Sequence[CurvePoint]) -> None:
        self.points.setdefault(cell.id, []).extend(points)

    def end_cell(self, cell: TrackedCell, outcome: CellOutcome) -> None:
        self.outcomes[cell.id] = outcome

    def end(self, outcome: RunOutcome) -> None:
        self.outcome = outcome


class Broken(Recorder):
    """Fails at one of its calls."""

    name = "Broken"

    def __init__(self, call: str, error: BaseException) -> None:
        super().__init__()

        def fail(*_: object) -> str:
            raise error

        setattr(self, call, fail)


class Hanging(Recorder):
    """Takes no request until it is released."""

    name = "Hanging"

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def start(self, run: TrackedRun) -> str:
        self.released.wait()
        return ""


@pytest.fixture
def run(tmp_path: Path) -> RunResults:
    """A run of two cells, one of which failed."""
    cells = [Made("lora", 0.9, seed=0, train_seconds=30.0), Made("full", seed=0, status="failed", error="no space left")]
    return make_run(tmp_path / "20260101-000000-intents-0", [classification(cells)])


def follow(run: RunResults, trackers: Sequence[Tracker], steps: Sequence[tuple[float, float | None]] = ()) -> list[tuple[str, str]]:
    """Replay the run for the trackers; returns what the user was shown."""
    messages: list[tuple[str, str]] = []
    with Tracking(trackers, lambda text, kind: messages.append((text, kind))) as listener:
        listener.started(run.folder, resumed=False)
        for cell in run.cells:
            listener.event({"event": "start", "cell": cell.id})
            listener.event({"event": "phase", "cell": cell.id, "phase": "train"})
            for step, (loss, validation) in enumerate(steps, start=1):
                progress = {"event": "progress", "cell": cell.id, "done": step, "total": len(steps), "unit": "steps"}
                listener.event(progress | {"loss": loss, "validation_loss": validation})
            listener.event({"event": "progress", "cell": cell.id, "done": 5, "total": 9, "unit": "examples"})
            listener.event({"event": "exit", "cell": cell.id, "code": 0})
        listener.finish(RunOutcome("finished", {"cost/seconds": 71.5}, {"decision/intents": "undecided: too few examples"}))
    return messages


def test_tracker_gets_values_losses_scores_with_intervals_and_costs(run: RunResults) -> None:
    recorder = Recorder()
    messages = follow(run, [recorder], [(2.0, None), (1.5, 1.8), (1.25, 1.8), (1.0, 1.4)])
    lora, full = run.cells
    assert messages == [("Recorder: http://tracker/1", "place")]
    assert recorder.run is not None and recorder.run.name == run.name
    assert [cell.label for cell in recorder.cells] == ["intents · lora seed 0", "intents · full seed 0"]
    assert recorder.cells[0].params["adapter.r"] == "16"
    assert recorder.cells[0].params["seed"] == "0"
    expected = [
        CurvePoint(1, {"train/loss": 2.0}),
        CurvePoint(2, {"train/loss": 1.5, "validation/loss": 1.8}),
        CurvePoint(3, {"train/loss": 1.25}),  # the same validation loss again: it was not measured a second time
        CurvePoint(4, {"train/loss": 1.0, "validation/loss": 1.4}),
    ]
    assert recorder.points[lora.id] == expected
    metrics = recorder.outcomes[lora.id].metrics
    score = run.by_task["intents"].get_strategy(lora).scores["accuracy"]
    assert (metrics["score/accuracy"], metrics["score/accuracy/low"], metrics["score/accuracy/high"]) == (
        score.value,
        score.low,
        score.high,
    )
    assert metrics["cost/train_seconds"] == 30.0
    assert recorder.outcomes[full.id].status == "failed"
    assert recorder.outcomes[full.id].error == "no space left"
    assert "score/accuracy" not in recorder.outcomes[full.id].metrics
    assert recorder.outcome == RunOutcome("finished", {"cost/seconds": 71.5}, {"decision/intents": "undecided: too few examples"})


def test_no_text_of_an_example_or_an_output_is_sent(run: RunResults) -> None:
    recorder = Recorder()
    follow(run, [recorder])
    sent = repr((recorder.run, recorder.cells, recorder.points, recorder.outcomes, recorder.outcome))
    texts = {str(text) for example in run.examples("intents") for text in example.inputs.values()}
    assert texts and not any(text in sent for text in texts)


def test_cells_that_were_finished_before_are_sent_with_their_curves(run: RunResults) -> None:
    resumed, reused = Recorder(), Recorder()
    with Tracking([resumed], lambda *_: None) as listener:
        listener.started(run.folder, resumed=True)
    lora = run.cells[0]
    with Tracking([reused], lambda *_: None) as listener:
        listener.started(run.folder, resumed=False)
        listener.reused(lora, "another run")
    for recorder in (resumed, reused):
        steps = [point for point in recorder.points[lora.id] if "train/loss" in point.values]
        assert [point.step for point in steps] == list(range(1, 211))
        assert recorder.outcomes[lora.id].metrics["score/accuracy"] > 0
    assert set(resumed.outcomes) == {cell.id for cell in run.cells}
    assert set(reused.outcomes) == {lora.id}


def test_cell_that_starts_again_is_one_cell(run: RunResults) -> None:
    recorder, lora = Recorder(), run.cells[0].id
    with Tracking([recorder], lambda *_: None) as listener:
        listener.started(run.folder, resumed=False)
        for event in ({"event": "start", "together": 2}, {"event": "trained", "together": 2}, {"event": "start"}, {"event": "exit"}):
            listener.event({"cell": lora, **event})
    assert [cell.id for cell in recorder.cells] == [lora], "a second start would open another file, and lose what the first one has"
    assert set(recorder.outcomes) == {lora}


def test_interrupted_run_is_ended_as_interrupted(run: RunResults) -> None:
    recorder = Recorder()

    def interrupt() -> None:
        with Tracking([recorder], lambda *_: None) as listener:
            listener.started(run.folder, resumed=False)
            listener.event({"event": "start", "cell": run.cells[0].id})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert recorder.outcome is not None and recorder.outcome.status == "interrupted"


def test_run_that_never_started_reaches_no_tracker() -> None:
    recorder = Recorder()
    with pytest.raises(BenchError), Tracking([recorder], lambda *_: None):
        raise BenchError("another process works on the run")
    assert recorder.run is None and recorder.outcome is None


@pytest.mark.parametrize("call", ["start", "start_cell", "log", "end_cell", "end"])
@pytest.mark.parametrize("error", [ConnectionError("no route to host\nsecond line"), SystemExit(3)], ids=["error", "exit"])
def test_tracker_that_fails_is_left_out_and_named_once(run: RunResults, call: str, error: BaseException) -> None:
    working = Recorder()
    messages = follow(run, [Broken(call, error), working], [(2.0, None)])
    problems = [text for text, kind in messages if kind == "problem"]
    assert len(problems) == 1
    assert problems[0].startswith(f"Broken: {type(error).__name__}") and problems[0].endswith("The run continues without it")
    assert "second line" not in problems[0]
    assert working.outcome is not None and set(working.outcomes) == {cell.id for cell in run.cells}


def test_tracker_that_hangs_does_not_hold_the_run(run: RunResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "_PATIENCE", 0.0)
    hanging = Hanging()
    messages = follow(run, [hanging])
    hanging.released.set()
    assert messages == [("Hanging: not everything was sent in time; the run's folder has all of it", "problem")]


def test_unknown_and_missing_trackers_are_named_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.grid.trackers.available.find_spec", lambda name: None)
    with pytest.raises(BenchError) as raised:
        open_trackers(["mlfow", "wandb"], tmp_path)
    assert list(raised.value.problems) == [
        f"{setting('track', 'mlfow')}: unknown tracker. Did you mean 'mlflow'?",
        f"{setting('track', 'wandb')}: wandb is not installed. Install it: pip install 'finetune-bench[wandb]'",
    ]
    assert list(tmp_path.iterdir()) == []
