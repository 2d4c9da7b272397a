"""What to do next: a sentence, and the command where there is one."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.decision import NextStep, NextStepCode
from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_strategies, strategy_in_sentence
from harness.reporting.wording.sample_sizes import ASSUMPTIONS

_NEEDS_RUN = ("promote", "gate", "review export")  # commands whose first argument is the run


@dataclass(frozen=True)
class StepText:
    """A step: a sentence, and what to type; empty where nothing is to be typed."""

    text: str
    code: str


def describe_step(step: NextStep, run: str, command: str) -> StepText:
    """A step, with the command for this run.

    Args:
        command: what the run was started with.
    """
    text = _SENTENCES[step.code](step)
    return StepText(text, _LIMIT if step.code == "declare_limit" else _command(step, run, command))


def _command(step: NextStep, run: str, command: str) -> str:
    """The command as it is typed."""
    if not step.command:
        return ""
    if step.command == "run":
        return repeat_command(command, step.parameters) if step.parameters else ""
    options = [f"--{name.replace('_', '-')} {shlex.quote(value) if value else ''}".strip() for name, value in step.parameters.items()]
    arguments = [shlex.quote(run)] if step.command in _NEEDS_RUN and step.code != "draft_policy" else []
    earlier = [f"--from {shlex.quote(run)}"] if step.command == "plan" else []
    return " ".join(["bench", step.command, *arguments, *options, *earlier])


def repeat_command(command: str, options: Mapping[str, str]) -> str:
    """The command of a run with other values of some options. It is safe to paste into a shell, even if the run is a stranger's.

    Where the run was not made by a command, or says something else, only the options are known. Consent to remote code is left out: the
    run may be a stranger's.
    """
    added = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:2] != ["bench", "run"] or "--resume" in words or not all(word.isprintable() for word in words):
        return f"bench run … {shlex.join(added)}"
    kept, rest = [], iter(words)
    for word in rest:
        if word in added[::2]:
            next(rest, None)
        elif word != "--trust-remote-code" and not word.startswith(tuple(f"{name}=" for name in added[::2])):
            kept.append(word)
    return shlex.join([*kept, *added])


_LIMIT = "guardrails: {critical_error_rate: {at_most: 0.05}}"


def _more_examples(step: NextStep) -> str:
    if step.examples is None:
        return "Test on more examples."
    return f"Test on more examples: about {numbers.about(step.examples)} would be enough, {ASSUMPTIONS[step.assumed]}."


def _names(step: NextStep) -> str:
    return list_strategies(step.texts["strategies"], 3)


_SENTENCES: Mapping[NextStepCode, Callable[[NextStep], str]] = {
    "draft_policy": lambda step: "Write a release policy with the floors that your service needs, from a draft.",
    "promote": lambda step: f"Put {strategy_in_sentence(step.strategy)} into service; the first time, add --new-registry.",
    "declare_limit": lambda step: (
        "Decide how many critical errors are acceptable, declare it in the task’s YAML file, and run the command again, which reuses "
        "finished experiments. For example:"
    ),
    "more_examples": _more_examples,
    "more_seeds": lambda step: "Repeat the training with other seeds.",
    "review_outputs": lambda step: f"Have people review outputs of {strategy_in_sentence(step.strategy)}.",
    "run_gate": lambda step: f"Let the release gate judge {strategy_in_sentence(step.strategy)}.",
    "finish_run": lambda step: "Run the same command again to finish the run.",
    "run_more_strategies": lambda step: "Run the untuned model and another strategy on the same test examples.",
    "plant_canaries": lambda step: "Test with planted secrets what the strategies remember of their training data.",
    "import_examples": lambda step: (
        "Evaluate again with the outputs of each example kept, and import those: systems are then compared example by example."
    ),
    "ask_repeatedly": lambda step: f"Set api.repeats: 3 in the YAML file of {_names(step)}, to measure how much answers vary.",
    "name_price": lambda step: f"Set api.price in the YAML file of {_names(step)}, to compare costs.",
    "label_examples": lambda step: "Have people label test examples without seeing the outputs that are now the targets.",
    "ask_trainer": lambda step: (
        f"Ask the person who trained {strategy_in_sentence(step.strategy)} whether test examples were in the training data. If they cannot "
        "have been, say why in its YAML file (artifact.unseen); else test on new examples."
    ),
    "improve": lambda step: "Train on more or better examples, or try a larger model or another strategy.",
    "fix_test_set": lambda step: "Use a test set that can answer the question.",
    "read_failures": lambda step: f"Read outputs of {strategy_in_sentence(step.strategy)} to see where it fails.",
}
