"""A guess as the YAML of a task, with the reasons as comments: text to text, nothing is read or written.

What comes from the file (names of columns, labels) is quoted: it can end neither a comment nor a value, whatever characters it holds.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

import yaml

from harness.data.inspect.column_names import plain_name
from harness.data.inspect.task_guess import Guess
from harness.types import Task

SHOWN_LABELS = 20
MOST_NEW_TOKENS = 1024
INSTRUCTION_TOKENS = 64
_WIDTH = 120
_INSTRUCTIONS = {
    "classification": 'Choose the label that fits{% if choices|length <= 20 %}: {{ choices|join(", ") }}{% endif %}.',
    "qa": "Answer the question.",
    "summarization": "Summarize this for the record.",
}
_SAYS_NOTHING = ("target", "targets", "text", "output", "outputs", "completion", "ref", "refs", "reference", "references", "gold", "chosen")
# An option and its letter a line: both inputs are lists, joined line by line.
_LETTERED = """Options:
{% for letter in letters.split("\\n") -%}
{{ letter }}. {{ options.split("\\n")[loop.index0] }}
{% endfor %}
"""
_LAST_WORDS = {"classification": "Label", "qa": "Answer", "summarization": "Summary"}


def draft(
    guess: Guess,
    *,
    name: str,
    path: str,
    prompt: str,
    given: Mapping[str, str] | None = None,
    is_split: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> str:
    """The YAML of a task.

    Args:
        path: the data file, relative to where the YAML will be.
        prompt: the template (see `prompt_for`).
        given: files by split, where some lie beside the data file that look like its other splits.
        is_split: whether the data has splits of its own.
        sizes: the rows of each split, where the data has been loaded.
    """
    parts = [
        _heading(guess),
        [f"name: {scalar(name)}", *_remarked(f"kind: {guess.kind}", guess.reasons.get("kind", "")), ""],
        ["data:", *_indented(_data(guess, path, given or {}, sizes or {}, is_split))],
        _labels(guess),
        ["", "prompt: |", *_indented(prompt.splitlines())],
        [""],
        _comment(f"How it is scored, and by how much a score may fall, is as in `bench tasks show {_scored_like(guess)}`."),
        _limits(guess),
    ]
    return "\n".join(line.rstrip() for part in parts for line in part) + "\n"


def prompt_for(guess: Guess, shipped: str, needs: frozenset[str], reads: frozenset[str]) -> str:
    """The shipped prompt of the kind where it reads exactly these inputs (and the target's name says no more of what is to be
    written), else one that shows each under its name.

    Args:
        needs, reads: the variables that the shipped prompt cannot do without, and those that it shows where they are there.
    """
    wanted = "text" if plain_name(guess.target) in _SAYS_NOTHING else _words(guess.target) or "text"
    fits = needs <= guess.inputs.keys() | {"choices"} and guess.inputs.keys() <= reads
    if fits and (guess.kind != "generation" or wanted == "text"):
        return shipped
    instruction = _INSTRUCTIONS.get(guess.kind, f"Write the {wanted}.")
    if guess.kind == "qa" and guess.labels:
        instruction = 'Answer the question with one of: {{ choices|join(", ") }}.'
    if guess.no_answer:
        instruction += f" If nothing answers it, write: {guess.no_answer}"
    shown = "".join(_section(variable, guess) for variable in guess.inputs)
    return f"{instruction}\n\n{shown}{_LAST_WORDS.get(guess.kind, wanted.capitalize())}:\n"


def _section(variable: str, guess: Guess) -> str:
    """An input under its name, and a blank line."""
    if guess.kind == "qa" and "letters" in guess.inputs and variable in ("options", "letters"):
        return _LETTERED if variable == "options" else ""
    text = f"{_words(variable).capitalize()}: {{{{ {variable} }}}}\n\n"
    return f"{{% if {variable} is defined %}}{text}{{% endif %}}" if variable in guess.optional else text


def _words(name: str) -> str:
    """A column's name as plain words. Nothing else of it comes into the prompt, which is a template."""
    return " ".join(re.findall("[a-z0-9]+", plain_name(name)))


def scalar(text: str) -> str:
    """A text as a YAML value on one line: as it is where that is safe, else in double quotes with escapes."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and yaml.safe_load(text) == text:
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def one_line(text: str) -> str:
    """A text for a comment: on one line, with nothing that a reader of YAML or a terminal takes for more than text."""
    return " ".join("".join(c if c.isprintable() else " " if c.isspace() else _escaped(c) for c in text).split())


def _escaped(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    return f"\\x{ord(c):02x}" if ord(c) <= 0xFF else f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(one_line(text), _WIDTH, break_on_hyphens=False)]


def _remarked(line: str, remark: str) -> list[str]:
    """A line with a remark behind it, or above it where both do not fit."""
    behind = f"{line.ljust(28)}  # {one_line(remark)}"
    if not remark or len(behind) <= _WIDTH:
        return [behind if remark else line]
    return [*_comment(remark), line]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _heading(guess: Guess) -> list[str]:
    lines = _comment(
        f"A draft by `bench init`, from {guess.rows} rows. Every line is a guess from names and contents: change what is wrong, and check "
        "it with `bench tasks validate`."
    )
    if guess.doubt:
        lines += ["#", *_comment(f"NOT SURE: {guess.doubt}. Look at `target` below.")]
    if guess.notes:
        lines += ["#", *(line for note in guess.notes for line in _comment(f"- {note}"))]
    return [*lines, ""]


def _data(guess: Guess, path: str, given: Mapping[str, str], sizes: Mapping[str, int], is_split: bool) -> list[str]:
    lines = [f"path: {scalar(path)}"]
    if given:
        files = ", ".join(f"{split}: {scalar(file)}" for split, file in given.items())
        lines += [f"# path: {{{files}}}", *_comment("These files lie beside it: take that line instead if they are its given splits.")]
    lines.append("fields:")
    roles = {**guess.inputs, "target": guess.target, "group": guess.group, "id": guess.id}
    why = dict.fromkeys(list(guess.inputs)[:1], guess.reasons.get("inputs", "")) | {
        "target": guess.reasons.get("target", ""),
        "group": f"never split; {guess.reasons['group']}" if guess.group else "",
        "id": "another one in every row" if guess.id else "",
    }
    for role, column in roles.items():
        if column is not None:
            lines += _indented(_remarked(f"{scalar(role)}: {scalar(column)}", why.get(role, "")))
    for role in guess.unwanted:
        lines += _indented(_remarked(f"{role}: null", f"there is none; without this line, the column of that name would be the {role}"))
    lines += [line for other in guess.others for line in _indented(_comment(f"could be, too: {other}"))]
    if guess.join_targets:
        lines += _remarked("target_lists: join", "the items of the list are one text; references: each is a right answer by itself")
    if guess.fold_by:
        lines += _remarked(f"fold_references_by: {scalar(guess.fold_by)}", guess.reasons["fold"])
    counted = ", ".join(f"{sizes[split]} {split}" for split in ("train", "validation", "test") if split in sizes) if sizes else ""
    if is_split:
        lines += _comment("The data has splits of its own" + (f", rows: {counted}" if counted else ""))
    else:
        lines += _remarked("split: {train: 0.8, validation: 0.1, test: 0.1, seed: 13}", f"rows: {counted}" if counted else "")
    if guess.skip_bad_rows:
        lines += _remarked("skip_bad_rows: true", "false stops at rows that lack something")
    return lines


def _labels(guess: Guess) -> list[str]:
    if not guess.labels:
        return ["", f"no_answer: {scalar(guess.no_answer)}"] if guess.no_answer else []
    counted = [f"{scalar(label)} ({rows})" for label, rows in guess.labels[:SHOWN_LABELS]]
    rest = f" and {len(guess.labels) - SHOWN_LABELS} more" if len(guess.labels) > SHOWN_LABELS else ""
    lines = ["", *_comment(f"Labels, with their rows: {', '.join(counted)}{rest}.")]
    if guess.kind == "classification":
        return [*lines, *_comment("They are the distinct targets; `labels: […]` fixes them.")]
    return [*lines, f"labels: [{', '.join(_quoted(label) for label, _ in guess.labels)}]"]


def _quoted(label: str) -> str:
    """A label in a list: always in quotes, because `yes` and `1` without them are no texts."""
    plain = scalar(label)
    return plain if plain.startswith('"') else f'"{plain}"'


def _scored_like(guess: Guess) -> str:
    return "classification" if guess.labels else guess.kind


def _limits(guess: Guess) -> list[str]:
    """How long prompts and answers may be, from how long they are."""
    answer = guess.target_lengths.tokens
    whole = guess.input_lengths.tokens + answer + INSTRUCTION_TOKENS
    default = Task.model_fields["max_length"].default
    length = default if whole <= default else min(32768, -(-whole // 1024) * 1024)
    remark = f"tokens; 99 of 100 prompts with their answers have fewer than about {whole}. A model's own limit holds, too"
    lines = _remarked(f"max_length: {length}", remark)
    if guess.labels:
        return lines
    tokens = min(MOST_NEW_TOKENS, max(16, -(-answer // 16) * 16))
    about = f"answers have {guess.target_lengths.median_words} words in the middle, {guess.target_lengths.most_words} at most"
    cut = f"; 99 of 100 stay below about {answer} tokens"
    stop = ', stop: ["\\n"]' if guess.kind == "qa" and guess.one_line_targets else ""
    return [*lines, *_remarked(f"decode: {{max_new_tokens: {tokens}{stop}}}", about + cut)]
