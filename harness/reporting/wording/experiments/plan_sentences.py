"""How long an experiment takes, in words."""

from __future__ import annotations

from harness.lifecycle.experiments import ExperimentPlan, OutcomePlan
from harness.reporting.wording import numbers
from harness.reporting.wording.experiments import outcome_words as words
from harness.reporting.wording.text_table import TextTable


def title(plan: ExperimentPlan) -> str:
    """What is planned."""
    return f"Plan of {plan.experiment.name}"


def describe_duration(plan: ExperimentPlan) -> str:
    """How many units and how long it takes to find the difference that matters."""
    main, experiment, traffic = plan.outcomes[0], plan.experiment, plan.traffic
    margin = words.amount(experiment.margin, main.spec)
    name = words.label(main.spec)
    goal = (
        f"Showing that the challenger is better on {name}, if it truly is better by {margin},"
        if experiment.goal == "better"
        else f"Showing that the challenger is not worse by {margin} on {name}, if it truly is as good,"
    )
    if main.units is None or main.days is None:
        return f"{goal} takes more than a trillion {experiment.unit}s: choose a larger margin."
    rate = f"{traffic.answers:g} {'answer' if traffic.answers == 1 else 'answers'}"
    if traffic.units != traffic.answers:
        rate += f" of {numbers.plural(round(traffic.units), f'new {experiment.unit}')}" if traffic.units >= 1 else ""
    return f"{goal} takes {_count(main.units, experiment.unit)}. With {rate} a day this takes {words.duration(main.days)}."


def list_notes(plan: ExperimentPlan) -> list[str]:
    """What the duration rests on, and what else takes time."""
    main, experiment, traffic = plan.outcomes[0], plan.experiment, plan.traffic
    name, mean = words.label(main.spec), words.value(main.expected, main.spec)
    expected = "" if main.expected is None else f"{mean} {name}" if main.spec.is_share else f"a mean of {mean} in {name}"
    expected += " with the champion" if expected else ""
    spread = f"a standard deviation of {main.spread:.3g}"
    if main.is_widest:
        spread += ", the largest that its bounds allow; name the true one with --spread"
    basis = ", ".join(filter(None, (expected, "" if main.spec.is_share and expected else spread)))
    notes = [f"Assumed: {basis}; {numbers.share(plan.power)} power, α = {experiment.alpha:g}, and looks as often as you like."]
    notes += [_describe_guardrail(plan, each) for each in plan.outcomes[1:]]
    if plan.unplanned:
        named = ", ".join(plan.unplanned)
        notes.append(
            f"Not planned for: the {'guardrail' if len(plan.unplanned) == 1 else 'guardrails'} {named}. State what you expect of it."
        )
    if traffic.answers_per_unit > 1:
        notes.append(
            f"Each {experiment.unit} gives about {traffic.answers_per_unit:.3g} answers and counts once. Their correlation is taken as "
            f"{traffic.correlation:g}" + (", so that further answers add nothing." if traffic.correlation == 1 else ".")
        )
    if experiment.window_days:
        window = words.duration(experiment.window_days)
        notes.append(f"Included: the {window} after the first event of a {experiment.unit} until its outcome is final.")
    return notes


def _describe_guardrail(plan: ExperimentPlan, each: OutcomePlan) -> str:
    margin = words.amount(each.spec.margin or 0.0, each.spec)
    start = f"Guardrail: showing that {words.label(each.spec)} do not get worse by {margin}, if they stay the same,"
    start = start.replace(" do not ", " does not ").replace("they stay", "it stays") if not words.label(each.spec).endswith("s") else start
    if each.units is None or each.days is None:
        return f"{start} takes more than a trillion {plan.experiment.unit}s: choose a larger margin."
    return f"{start} takes {_count(each.units, plan.experiment.unit)}, {words.duration(each.days)}."


def _count(units: int, unit: str) -> str:
    """A forecast of units: "about 4,500 users"."""
    about = numbers.about(units)
    return f"{about if about.startswith('more') else f'about {about}'} {unit}s"


def build_horizon_table(plan: ExperimentPlan) -> TextTable:
    """What can be found in so many weeks."""
    main, unit = plan.outcomes[0], plan.experiment.unit
    rows = tuple(
        (
            words.duration(each.days),
            f"{each.units:,}",
            numbers.NOTHING if each.difference is None else words.rounded_amount(each.difference, main.spec),
        )
        for each in plan.horizons
    )
    return TextTable(
        f"What can be found, in {words.label(main.spec)}",
        ("within", f"{unit}s", "smallest difference"),
        (False, True, True),
        rows,
        f"Found with {numbers.share(plan.power)} power. A dash: no difference that is possible, or less than the burn-in.",
    )


def heading_of_file(plan: ExperimentPlan) -> str:
    """The comment at the top of the experiment's file."""
    unit = plan.experiment.unit.upper().replace(" ", "-")
    lines = ("An A/B test of bench.", describe_duration(plan), f"Assign: bench ab assign FILE {unit}", "Read: bench ab read FILE EVENTS")
    return "\n".join(lines)
