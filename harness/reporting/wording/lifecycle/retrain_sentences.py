"""What `bench retrain` says: whether a retraining is due and why, on which data, at what cost, and what the gate decided."""

from __future__ import annotations

from collections.abc import Mapping

from harness.lifecycle.retraining import CostForecast, StepOutcome, StepResult, Trigger, TriggerKind
from harness.reporting.wording import numbers
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line, plural

OUTCOMES: Mapping[StepOutcome, str] = {
    "not_due": "Not due",
    "due": "Due",
    "no_new_data": "No new data",
    "over_limit": "Over a limit",
    "promoted": "Promoted",
    "held": "Held",
    "undecided": "Undecided",
    "waiting": "Waiting for approval",
    "not_trained": "Not trained",
}
_TRIGGERS: Mapping[TriggerKind, str] = {
    "drift": "Drift: signals with an alarm",
    "age": "Age of the champion, in days",
    "new_rows": "Labelled rows that are new",
    "complaints": "Complaints: lower end of the rate's 95% CI",
}
_LEFT_OUT = {
    "known_inputs": "the task has their inputs already",
    "held_out_group": "their group is in the test or validation set",
    "near_held_out": "almost the same as a test or validation example",
    "unknown_label": "their label is not one of the task",
    "tested_before": "in the test set of an earlier retraining",
    "near_test": "training or validation examples almost the same as a test example",
    "seen_by_champion": "test examples that the champion was trained on",
}
_SUPERSEDED = {
    "champion_changed": "An unfinished retraining was given up, because another model was put into service meanwhile.",
    "file_changed": "An unfinished retraining was given up, because the lifecycle file or the task was changed. Cells that are done are "
    "used again.",
}
_STAYS = "The champion stays in service."


def describe_outcome(result: StepResult) -> str:
    """The answer in one or two sentences."""
    task, candidate = one_line(result.task), one_line(result.candidate)
    step = f"Retraining {result.number} of {task}"
    if result.outcome == "not_due":
        waits = f" After the last retraining, no trigger counts for {plural(result.waits_days, 'more day')}." if result.waits_days else ""
        return f"No retraining of {task} is due.{waits}"
    if result.outcome == "due":
        if result.resumed:
            return f"{step} is not finished. The next call resumes it."
        return f"A retraining of {task} is due."
    sentences = {
        "no_new_data": f"A retraining of {task} is due, but there is nothing new to learn from. Label some of the new data.",
        "over_limit": f"A retraining of {task} is due, but its forecast is not within the limits. Nothing was started.",
        "promoted": f"{step}: {candidate} passed the gate and {'is in' if result.verdict is not None else 'was put into'} service.",
        "held": f"{step}: {candidate} failed the gate. {_STAYS}",
        "undecided": f"{step}: the gate cannot decide about {candidate}. {_STAYS}",
        "waiting": f"{step}: {candidate} passed the gate, and waits for approval{_count_approvals(result)}. {_STAYS}",
        "not_trained": f"{step}: no strategy has a result. {_STAYS}",
    }
    return sentences[result.outcome]


def build_trigger_table(result: StepResult) -> TextTable:
    """What each trigger measures, and from which value on a retraining is due."""
    rows = tuple(
        (_TRIGGERS[each.kind], _show_value(each), _show(each.kind, each.threshold), "yes" if each.fires else "no")
        for each in result.triggers
    )
    return TextTable("Triggers", ("Trigger", "Now", "Due from", "Due"), (False, True, True, False), rows)


def list_facts(result: StepResult) -> list[str]:
    """The champion, the data, the costs and the run, one sentence each."""
    champion = result.champion
    facts = [f"Champion: {one_line(champion.strategy)} of {one_line(champion.run)}, in service since {champion.promoted.isoformat()}."]
    facts += [_describe_new_rows(result), *_describe_splits(result), *_describe_costs(result)]
    if result.run:
        facts.append(f"Run: {one_line(result.run)}.")
    return facts


def list_notes(result: StepResult) -> list[str]:
    """What a reader has to know, and what to do next."""
    notes = [_SUPERSEDED[result.superseded]] if result.superseded in _SUPERSEDED else []
    if any(each.kind == "drift" and each.value is None for each in result.triggers):
        notes.append(
            f"The data of the champion was never watched, so drift cannot be a trigger: run `bench watch {one_line(result.task)}`."
        )
    notes += [f"{one_line(name)}: no file, or an empty one." for name in result.data.empty]
    if result.data.unknown_labels:
        labels = ", ".join(one_line(label, 60) for label in result.data.unknown_labels)
        notes.append(f"Labels that the task does not have, such as {labels}: add them to the task, or correct the rows.")
    notes += [f"Notice not delivered: {one_line(problem)}. The next call tries again." for problem in result.undelivered]
    step = _describe_next_step(result)
    return [*notes, step] if step else notes


def _show_value(trigger: Trigger) -> str:
    return numbers.NOTHING if trigger.value is None else _show(trigger.kind, trigger.value)


def _show(kind: TriggerKind, value: float) -> str:
    return f"{100 * value:.1f}%" if kind == "complaints" else f"{value:,.0f}"


def _count_approvals(result: StepResult) -> str:
    verdict = result.verdict
    return "" if verdict is None else f" ({verdict.approvals_given} of {verdict.approvals_required})"


def _describe_new_rows(result: StepResult) -> str:
    data = result.data
    parts = [f"{plural(data.labelled, 'labelled row')}"]
    if data.corrections:
        parts.append(plural(data.corrections, "correction"))
    left = [f"{data.unlabelled:,} without a label"] if data.unlabelled else []
    left += [f"{data.repeated:,} repeated"] if data.repeated else []
    left += [f"{data.edited_left_out:,} edited into something that is not a label"] if data.edited_left_out else []
    more = f" Left out: {', '.join(left)}." if left else ""
    return f"New data: {' and '.join(parts)}; no retraining has used {data.unused:,} of these.{more}"


def _describe_splits(result: StepResult) -> list[str]:
    data = result.data
    if not data.sizes:
        return []
    names = {"train": "training", "validation": "validation", "test": "test"}
    sizes = ", ".join(f"{data.sizes.get(split, 0):,} {name} ({data.added.get(split, 0):,} new)" for split, name in names.items())
    left = ", ".join(f"{count:,} ({_LEFT_OUT.get(reason, reason)})" for reason, count in data.left_out.items() if count)
    return [f"Examples: {sizes}." + (f" Left out: {left}." if left else "")]


def _describe_costs(result: StepResult) -> list[str]:
    sentences = [_describe_forecast(result.forecast, result)] if result.forecast is not None else []
    if result.hours is not None:
        price = f", {numbers.money(result.price, result.currency)}" if result.price is not None else ""
        sentences.append(f"Taken: {numbers.seconds(3600 * result.hours)}{price}.")
    return sentences


def _describe_forecast(forecast: CostForecast, result: StepResult) -> str:
    limits = [f"{numbers.seconds(3600 * result.limits.hours)}"] if result.limits.hours is not None else []
    limits += [numbers.money(result.limits.price, forecast.currency)] if result.limits.price is not None else []
    limit = f" Limit: {', '.join(limits)}." if limits else ""
    if forecast.unknown:
        unknown = ", ".join(one_line(name, 60) for name in forecast.unknown)
        return f"Forecast: none, because no run of the task has measured {unknown} or a strategy like it.{limit}"
    price = f", {numbers.money(forecast.price, forecast.currency)}" if forecast.price is not None else ", price unknown"
    sources = dict.fromkeys(one_line(each.measured_in) for each in forecast.strategies)
    return f"Forecast: {numbers.seconds(3600 * (forecast.hours or 0.0))}{price}, from what {', '.join(sources)} took.{limit}"


def _describe_next_step(result: StepResult) -> str:
    run, candidate = one_line(result.run), one_line(result.candidate)
    is_unknown = result.forecast is not None and bool(result.forecast.unknown)
    steps = {
        "over_limit": "Run the strategies once with `bench run`, so that their costs are known, or remove the limits."
        if is_unknown
        else "Raise the limit in the lifecycle file, or train less: fewer strategies, seeds or epochs.",
        "held": f"`bench report {run}` shows the verdict beside the scores.",
        "undecided": "More labelled rows in the test set would decide. The verdict says how many, where that is known.",
        "waiting": f"`bench approve {run} --strategy {candidate}` adds an approval. The next call promotes it.",
        "not_trained": f"`bench report {run}` shows why.",
    }
    return steps.get(result.outcome, "")
