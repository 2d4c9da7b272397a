"""The captions and notes of the tables and charts in the HTML report."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views import ScoreName, TaskOutcome, TaskView
from harness.reporting.views.sections import LearningCurves, SliceTable, StrategyPairs, TextLength
from harness.reporting.wording import numbers
from harness.reporting.wording.first_screen import score_label
from harness.reporting.wording.headings import (
    AS_GOOD_AS_BEST,
    AS_GOOD_AS_BEST_LEFT,
    AS_GOOD_LEFT,
    CONFIDENCE_INTERVAL,
    KIND_NAMES,
    LABELS,
    LOW_CONFIDENCE_NOTE,
    STANDING_NAMES,
)
from harness.reporting.wording.names import list_strategies, strategy_name
from harness.reporting.wording.run_sentences import describe_source
from harness.reporting.wording.task_sentences import TaskSummary, has_low_confidence
from harness.reporting.wording.text_table import TextTable
from harness.results import StrategyResult
from harness.text import one_line
from harness.types import DataReport, Score

FOOTER = "Written by bench report from the results stored in the run folder."
OVERVIEW_NOTE = (
    "Scores of different tasks have different scales: compare them within a column, not along a row. Costs are the sum over the tasks, "
    "each trained once; a strategy that did not run on every task has none."
)
OVERALL_SUBTITLE = (
    "mean improvement over the untuned model in margins (Δ) of each task, with 95% CIs; better is up and to the left. The line joins the "
    "best trade-offs: no strategy is both cheaper and better"
)
OVERALL_NOTE = (
    "A margin is the loss that a task’s owner accepts, which makes scores of different scales comparable. Each task counts the same, and "
    "tasks are treated as independent. Strategies without a score on some task are left out. Training costs are sums over the tasks, costs "
    "of outputs are means."
)
SPENT_SUBTITLE = "by phase, all training runs, including failed ones"
COSTS_NOTE = (
    "Wall-clock time, the mean over seeds. The share of the device is what training needs at least, of the matrix products that the device "
    "did per second right after it. Memory is the largest peak of any phase; on a CPU, the resident memory of the process. "
    "On Linux, files of libraries do not count."
)
MATRIX_NOTE = "Rows are true labels, columns are predicted labels; shading is the share of the row."
CALIBRATION_NOTE = "on the dotted line, probabilities match the accuracy; below it the model is overconfident"
WITHOUT_SCRIPT = "The examples need JavaScript, which is switched off. They are in the files named above."
_SAME_EXAMPLES = "on the same test examples"


def describe_task(task: TaskView) -> str:
    """The kind of the task and the size of its test set."""
    kind = KIND_NAMES.get(task.task.kind, task.task.kind.capitalize())
    return f"{kind} · {numbers.plural(task.test_size, 'test example')}"


def list_headings(table: TextTable) -> tuple[str, ...]:
    """The headings of a table of texts; names of data fields among them may be hostile."""
    return tuple(one_line(name[:1].upper() + name[1:], 60) for name in table.columns)


def describe_task_title(task: TaskOutcome) -> str:
    """The title of a task in the terminal."""
    return f"{task.name} · {task.primary.name} · {numbers.plural(task.test_size, 'test example')}"


def caption_notebook(task: str, test_size: int) -> str:
    """The caption of the table of a task in a notebook."""
    return f"{task} · {numbers.plural(test_size, 'test example')}"


def describe_plugin_scores(task: TaskOutcome) -> list[str]:
    """What the scores of plug-in files are, for tables that show their raw names."""
    return [f"{score.name}: {score_label(task, score.name)}{describe_direction(score)}" for score in task.scores if score.of_plugin_file]


def describe_direction(score: ScoreName) -> str:
    """Which way is better; empty where neither is."""
    return "" if score.direction == "none" else f" ({score.direction} is better)"


def head_standing(task: TaskOutcome) -> str:
    """The heading of the column that compares each strategy with the best: of those that are not ruled out, where some are."""
    return AS_GOOD_AS_BEST_LEFT if "excluded" in task.standings.values() else AS_GOOD_AS_BEST


def name_standing(task: TaskOutcome, label: str) -> str:
    """How a strategy compares with the best, or with the best that is not ruled out, beside its score; empty where that is not known."""
    status = task.standings.get(label)
    if status is None:
        return ""
    is_as_good = status in ("chosen", "admissible") and "excluded" in task.standings.values()
    return AS_GOOD_LEFT if is_as_good else STANDING_NAMES[status]


def note_decision(task: TaskView) -> str:
    """Below the table of the strategies side by side."""
    examples = numbers.plural(task.test_size, "test example")
    notes = [f"All strategies were tested on the same {examples}. Intervals are {CONFIDENCE_INTERVAL}s."]
    if task.standings:
        excluded = "excluded" in task.standings.values()
        best = "the best of the strategies that are not ruled out" if excluded else "the best"
        notes.append(
            f"“As good as the best” means within the accepted margin Δ of {best}, judged for all strategies together. "
            f"The cheapest strategy has the lowest cost of {_cost_of_use(task)}."
        )
    return _with_mark(" ".join(notes), [result.primary for result in task.strategies])


def _cost_of_use(task: TaskView) -> str:
    """What the cheapest strategy is the cheapest in."""
    outputs = numbers.plural(task.money.volume, "output")
    return f"training once and {outputs}" if task.replacement is None else f"a month with {outputs}, as computed for the hosted model"


def note_costs(device: str | None) -> str:
    """Below the table of what training and using each strategy costs."""
    if not device:  # nothing was run here
        return "Times and prices are those that the imported files state."
    return f"Outputs were timed and priced in this run, in batches on {device}. Training is the mean over seeds."


def caption_cost_chart(task: TaskView, most_names: int) -> str:
    """Below the title of the chart of quality and cost."""
    better = "down" if task.primary.direction == "lower" else "up"
    some = "; only these and the untuned model are named" if len(task.strategies) > most_names else ""
    return (
        f"{score_label(task, task.primary.name)}, with {CONFIDENCE_INTERVAL}s; better is {better} and to the left. The line joins the best "
        f"trade-offs: no strategy is both cheaper and better{some}"
    )


def title_spent(with_money: bool) -> str:
    """The title of the chart of time and money."""
    return "Where the time and the money went" if with_money else "Where the time went"


def caption_versus_base(task: TaskView) -> str:
    """The caption of the table of differences to the untuned model."""
    return f"{score_label(task, task.primary.name)}: difference to the untuned model, {_SAME_EXAMPLES}"


def note_versus_base(task: TaskView) -> str:
    """Below the table of differences to the untuned model."""
    own = "Each strategy is compared with the untuned version of its own model. " if task.has_several_models else ""
    note = (
        f"{own}Intervals are {CONFIDENCE_INTERVAL}s. “Equivalent” means that the interval lies within the accepted margin, “too close to "
        "call” that it includes both a loss and a gain."
    )
    compared = [result.versus_base for result in task.strategies if result.versus_base]
    return f"{note} {LOW_CONFIDENCE_NOTE}" if any(c.low is not None and not c.reliable for c in compared) else note


def title_pairs(pairs: StrategyPairs) -> str:
    """The title of the table of all pairs."""
    return f"Every pair of {len(pairs.labels)} strategies"


def caption_pairs(task: TaskView) -> str:
    """The caption of the table of all pairs."""
    return f"{score_label(task, task.primary.name)}: the row minus the column, {_SAME_EXAMPLES}"


def note_pairs(pairs: StrategyPairs) -> str:
    """Below the table of all pairs."""
    return (
        f"Each interval is a {CONFIDENCE_INTERVAL}. Verdicts are corrected for {numbers.plural(len(pairs.comparisons), 'pair')} "
        "(Benjamini–Hochberg), so a pair may be too close to call although its interval excludes 0."
    )


def note_versus_full(task: TaskView) -> str:
    """Below the table of shares of full fine-tuning."""
    shares = task.full_tuning
    missing = (
        f"“{numbers.NOTHING}”: full fine-tuning is not shown to improve on the untuned model. "
        if any(s.kept.value is None for s in shares)
        else ""
    )
    names = [share.label for share in shares if share.trained_together]
    together = f" Costs of what trained together with other cells are not compared: {list_strategies(names)}." if names else ""
    return (
        "100% is full fine-tuning of the same model on the same training examples. Improvement is (strategy − untuned) / (full − untuned) "
        f"in the primary score, with a {CONFIDENCE_INTERVAL}. {missing}The cost is that of training and of answering the test examples."
        f"{together}"
    )


def title_learning_chart(task: TaskView, model: str) -> str:
    """The title of the chart of a learning curve."""
    several = task.learning is not None and len(task.learning.models) > 1
    return f"{score_label(task, task.primary.name)} by number of training examples{f', {model}' if several else ''}"


def caption_learning(task: TaskView) -> str:
    """The caption of the table of scores by training size."""
    return f"{score_label(task, task.primary.name)} by number of training examples, with {CONFIDENCE_INTERVAL}s, training time and cost"


def note_learning(task: TaskView, learning: LearningCurves) -> str:
    """Below the table of scores by training size; empty without forecasts."""
    if not learning.forecast_sizes:
        return ""
    lower = " (a lower score is a gain)" if task.primary.direction == "lower" else ""
    return f"Gains are over the largest size that the strategy was trained on{lower}, read off the curve at both ends."


def heading_forecast(size: int | None) -> str:
    """The heading of a forecast in the table of scores by training size."""
    return LABELS["twice_largest"] if size is None else numbers.plural(size, "example")


def note_scores(task: TaskView) -> str:
    """Below the table of all scores."""
    note = f"“{numbers.NOTHING}”: the score has no value. Without a second line, there is no valid interval."
    if task.unchecked:
        note += " “Not checked against people”: no review of this run shows that the score agrees with raters, so it decides nothing."
    return _with_mark(note, [score for result in task.strategies for score in result.scores.values()])


def note_slices(table: SliceTable) -> str:
    """Above the tables of results by subgroup."""
    return f"By {table.score}, with {CONFIDENCE_INTERVAL}s. To test whether two strategies differ on a subgroup, use bench compare --by."


def caption_slices(table: SliceTable) -> str:
    """The caption of one table of results by subgroup."""
    return f"By {table.by}, {LABELS['words_of_input']}" if table.by == "length" else f"By {table.by}"


def note_classes(task: TaskView) -> str:
    """Above the tables of classes."""
    assert task.classes is not None
    return f"As predicted by {describe_source(task.classes.source)}, the strategy with the best primary score."


def note_confusions(labels: int) -> str:
    """Below the table of the most frequent confusions."""
    return f"{labels} labels are too many for a matrix."


def describe_duplicates(data: DataReport) -> str:
    """Duplicates by split, and overlaps by pair of splits."""
    return ", ".join(f"{where}: {numbers.count(n)}" for where, n in data.duplicates.items() if n) or LABELS["none"]


def describe_overlap(data: DataReport) -> str:
    """What was removed because it also occurs in another split."""
    removed = [
        f"{numbers.plural(data.removed_from_train, 'training example')} removed" if data.removed_from_train else "",
        f"{numbers.plural(data.removed_from_validation, 'validation example')} removed" if data.removed_from_validation else "",
        f"{numbers.plural(data.shared_groups_removed, 'example')} removed whose group is in another split"
        if data.shared_groups_removed
        else "",
    ]
    return ", ".join(filter(None, removed)) or "No overlap between training, validation and test."


def describe_folded(data: DataReport) -> str:
    """The rows that became further references of another example; empty where none did."""
    folded = ", ".join(f"{numbers.plural(n, 'row')} of {split}" for split, n in data.folded.items() if n)
    return f"{folded} became further references of another example" if folded else ""


def describe_unseen_labels(data: DataReport) -> str:
    """The labels that no training example has; empty where there are none."""
    return ", ".join(f"{label} ({numbers.plural(n, 'test example')})" for label, n in data.unseen_labels.items())


def title_skipped(data: DataReport) -> str:
    """The title of the list of skipped rows."""
    return f"{numbers.plural(data.skipped_rows, 'row')} skipped"


def describe_more(count: int) -> str:
    """The last line of a list that is cut."""
    return f"… and {numbers.count(count)} more."


def describe_examples(task: TaskView) -> list[str]:
    """Which test examples can be read, and where all of them are."""
    shown, total = len(task.examples), task.test_size
    drawn = ", drawn at random with a fixed seed" if shown < total else ""
    sentences = [f"{numbers.count(shown)} of {numbers.plural(total, 'test example')}{drawn}."]
    done = sum(bool(result.done) for result in task.strategies)
    if len(task.shown) < done:
        sentences.append(f"Outputs are those of {len(task.shown)} of {done} strategies, each at its largest number of training examples.")
    sentences.append(f"All examples are in data/{task.name}.parquet and cells/ of the run folder.")
    return sentences


def describe_withheld(task: TaskView) -> str:
    """Why no examples can be read."""
    return (
        "This report was written without inputs, references and outputs. "
        f"They are in data/{task.name}.parquet and cells/ of the run folder."
    )


def title_more_curves(count: int) -> str:
    """The title of the training curves that are folded away."""
    return f"{numbers.plural(count, 'more training curve')}"


def name_length(length: TextLength) -> str:
    """What the lengths in a row are of."""
    if length.kind == "reference":
        return LABELS["reference"]
    return f"output of {strategy_name(length.name)}" if length.kind == "output" else length.name


def list_methods(result: StrategyResult, score: ScoreName) -> list[str]:
    """How the primary score of a strategy and its difference to the untuned model were computed."""
    primary, comparison = result.primary, result.versus_base
    assert primary is not None  # the template asks only for these
    dropped = f", {primary.dropped} {LABELS['dropped']}" if primary.dropped else ""
    lines = [f"{score.name}: {_method(primary.method, primary.reason)}, n = {numbers.count(primary.n)}{dropped}"]
    if comparison is not None:
        p_value = f", {numbers.p_value(comparison.p_value)}" if comparison.p_value is not None else ""
        method = _method(comparison.method, comparison.reason)
        lines.append(f"{LABELS['versus_base_method']}: {method}, n = {numbers.count(comparison.n)}{p_value}")
    return lines


def shared_confidence(tasks: Sequence[TaskView], summaries: Sequence[TaskSummary]) -> str:
    """The confidence of the decisions where it is the same for all of them; else empty."""
    sentences = {summary.decision.confidence for task, summary in zip(tasks, summaries, strict=True) if task.choice}
    return sentences.pop() if len(sentences) == 1 else ""


def note_overview(tasks: Sequence[TaskView]) -> str:
    """Below the table of every strategy on every task."""
    return _with_mark(OVERVIEW_NOTE, [result.primary for task in tasks for result in task.strategies])


def note_low_confidence(tables: Sequence[SliceTable]) -> str:
    """Below the tables of results by subgroup; empty where no interval has low confidence."""
    return _with_mark("", [score for table in tables for row in table.rows for score in row.scores.values()]).strip()


def region(title: str, *parts: str) -> str:
    """The name of a part of the page for screen readers."""
    return ", ".join([title, *parts])


def _with_mark(note: str, scores: Sequence[Score | None]) -> str:
    return f"{note} {LOW_CONFIDENCE_NOTE}" if any(score and has_low_confidence(score) for score in scores) else note


def _method(method: str, reason: str) -> str:
    return f"{method} ({reason})" if reason else method
