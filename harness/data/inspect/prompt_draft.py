"""The prompt of a drafted task: the shipped one where it fits, else one that shows each input under its name."""

from __future__ import annotations

import re

from harness.data.inspect.column_names import plain_name
from harness.data.inspect.task_guess import TaskGuess

_INSTRUCTIONS = {
    "classification": 'Choose the label that fits{% if choices|length <= 20 %}: {{ choices|join(", ") }}{% endif %}.',
    "qa": "Answer the question.",
    "summarization": "Summarize this for the record.",
}
_LAST_WORDS = {"classification": "Label", "qa": "Answer", "summarization": "Summary"}
# target names that do not tell what is to be written
_UNINFORMATIVE_NAMES = (
    "target", "targets", "text", "output", "outputs", "completion", "ref", "refs", "reference", "references", "gold", "chosen",
)  # fmt: skip
# One option with its letter per line. Both inputs are lists, joined by line breaks.
_LETTERED_OPTIONS = """Options:
{% for letter in letters.split("\\n") -%}
{{ letter }}. {{ options.split("\\n")[loop.index0] }}
{% endfor %}
"""


def holds_whole_prompts(guess: TaskGuess) -> bool:
    """Whether the rows are pairs of a complete prompt and its completion, to which a template must add nothing."""
    names = [plain_name(name) for name in (*guess.inputs.values(), guess.target)]
    return list(guess.inputs) == ["input"] and names == ["prompt", "completion"]


def draft_prompt(guess: TaskGuess, shipped: str, required: frozenset[str], readable: frozenset[str]) -> str:
    """The prompt of a task, made for the inputs of a guess.

    Complete prompts are shown unchanged. The shipped prompt of the kind is used if it reads exactly these inputs, and the target's name
    says nothing more specific.

    Args:
        shipped: the shipped prompt.
        required: the variables that it cannot do without.
        readable: all variables that it shows if present.
    """
    if guess.layout is not None:
        return "{{ input }}\n"
    if holds_whole_prompts(guess):
        return "{{ input }}"
    output = "text" if plain_name(guess.target) in _UNINFORMATIVE_NAMES else _to_words(guess.target) or "text"
    fits = required <= guess.inputs.keys() | {"choices"} and guess.inputs.keys() <= readable
    if fits and (guess.kind != "generation" or output == "text"):
        return shipped
    instruction = _INSTRUCTIONS.get(guess.kind, f"Write the {output}.")
    if guess.kind == "qa" and guess.labels:
        instruction = 'Answer the question with one of: {{ choices|join(", ") }}.'
    if guess.no_answer:
        instruction += f" If nothing answers it, write: {guess.no_answer}"
    sections = "".join(_draft_section(variable, guess) for variable in guess.inputs)
    return f"{instruction}\n\n{sections}{_LAST_WORDS.get(guess.kind, output.capitalize())}:\n"


def _draft_section(variable: str, guess: TaskGuess) -> str:
    """An input under its name, followed by a blank line."""
    if guess.kind == "qa" and "letters" in guess.inputs and variable in ("options", "letters"):
        return _LETTERED_OPTIONS if variable == "options" else ""
    text = f"{_to_words(variable).capitalize()}: {{{{ {variable} }}}}\n\n"
    return f"{{% if {variable} is defined %}}{text}{{% endif %}}" if variable in guess.optional else text


def _to_words(name: str) -> str:
    """A column name as plain words. Nothing else of it enters the prompt, which is a template."""
    return " ".join(re.findall("[a-z0-9]+", plain_name(name)))
