"""Text and names are plain professional English: phrases that read like a translation are flagged.

Whole phrases count: "least squares" is a method, "square" for a cell of the grid is not plain English.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

# Flagged phrase: what to write instead.
PHRASES = {
    r"in silence": "silently",
    r"(stands?|stood|standing) twice": "duplicate",
    r"held against": "compared with",
    r"(goes?|going|gone|went) on (with|from)|command goes on": "resume, continue",
    r"(come|comes|came) to (its|their) end": "finish",
    r"made elsewhere": "external outputs",
    r"rough": "low confidence",
    r"(?<!least )(?<!mean )(?<!of )(?<!chi-)squares?(?! root| brackets?)": "cell",
    r"\d+\s%(?!\})": "95%, without a space",
    r"well known": "say what is known, or: low confidence",
    r"whoever|whomever|nobody|somebody|anybody": "name the person or the thing",
    r"whatever comes of it": "whatever the outcome",
    r"thereby|therein|thereof|thereupon": "two sentences",
    r"alike": "similar, equal, both",
    r"out of which": "from which",
    r"so that nobody knows": "cannot be recovered",
    r"all the same(?! (length|width|size|kind|type|value|class|number|tests?|examples?))": "anyway",
    r"(it|that|this|what) is said|(is|are|was|were) (said|told) of|says of": "reports, shows",
    r"(is|are|was|were) none of": "is not one of",
    r"at the most": "at most",
    r"cannot be told": "is not known, too close to call",
    r"how far raters agree": "inter-rater agreement",
    r"nothing is proven": "too close to call",
    r"(a|the|every|each|its|other|our) rooms?": "folder",
    r"data sets?": "dataset",
    r"outputs of strangers|beaten by chance": "plain words",
}
# An item of a task is an example; a row belongs to a file or table, so folders that read files use both words.
EXAMPLES = {r"(test|training|validation) rows?": "test examples, training examples"}
FILES_ARE_READ_HERE = {"data", "tasks"}
# Names that say how a value came about instead of what it holds.
NAMES = {"found", "said", "told", "squares", "square", "elsewhere", "foresee", "foresight", "opponents", "whoever", "rough"}
# Sums of squares.
ALLOWED = {"statistics": ("square", "squares")}

# Data, not prose: the synthetic clinic, the corpus of the tiny model, the text that forgetting is measured on.
_CORPUS = ("documents", "domains", "instructions", "passage_checks", "tables", "words")
DATA = (
    "harness/data/clinic/phrases/",
    "harness/engine/tuning/general_text.txt",
    *(f"harness/workshop/tiny_model/{name}" for name in _CORPUS),
)


def _compile(phrases: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    """Match whole words. A space in a phrase matches any white space, so a phrase may continue on the next line."""
    loose = {re.sub(r"(\(\?<!.*?\))| ", lambda match: match[1] or r"\s+", phrase): advice for phrase, advice in phrases.items()}
    return [(re.compile(rf"(?<![\w-])(?:{phrase})(?![\w-])", re.IGNORECASE), advice) for phrase, advice in loose.items()]


PATTERNS, EXAMPLE_PATTERNS = _compile(PHRASES), _compile(EXAMPLES)


def files() -> Iterator[Path]:
    """Every file with prose in it."""
    code = ("harness/**/*.py", "harness/**/*.md", "reports/*.j2", "reports/*.js", "reports/*.css")
    for pattern in (*code, "docs/*.md", "tasks/*", "strategies/*", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        yield from sorted(file for file in ROOT.glob(pattern) if not str(file.relative_to(ROOT)).startswith(DATA))


def part(file: Path) -> str:
    """The folder of harness/, or the file or folder beside it, that a file belongs to."""
    parts = file.relative_to(ROOT).parts
    return parts[1] if parts[0] == "harness" else parts[0]


def passages(file: Path) -> Iterator[tuple[int, str]]:
    """The prose of a file, each passage with its first line. In Python: strings, docstrings and comments."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield 1, text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that code defines, with their lines: functions, classes, parameters, variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def flagged(text: str, folder: str = "") -> Iterator[tuple[int, str]]:
    """The flagged phrases of a text: the number of lines before each, and what to write instead."""
    allowed = ALLOWED.get(folder, ())
    for pattern, advice in [*PATTERNS, *(() if folder in FILES_ARE_READ_HERE else EXAMPLE_PATTERNS)]:
        for match in pattern.finditer(text):
            if match[0].lower() not in allowed:
                yield text.count("\n", 0, match.start()), f"'{' '.join(match[0].split())}' → {advice}"


def problems(file: Path) -> Iterator[str]:
    """The flagged phrases and names of a file, with their lines."""
    shown, folder = file.relative_to(ROOT), part(file)
    for start, text in passages(file):
        yield from (f"{shown}:{start + offset}: {problem}" for offset, problem in flagged(text, folder))
    if file.suffix == ".py":
        for number, name in names(ast.parse(file.read_text(encoding="utf-8"))):
            words = set(re.split(r"_|(?<=[a-z])(?=[A-Z])", name)) & NAMES - set(ALLOWED.get(folder, ()))
            if words:
                yield f"{shown}:{number}: the name '{name}': name it for what it holds"


@pytest.mark.parametrize("folder", sorted({part(file) for file in files()}))
def test_text_is_plain_english(folder: str) -> None:
    flagged_here = [problem for file in files() if part(file) == folder for problem in problems(file)]
    assert not flagged_here, "\n".join(flagged_here)


@pytest.mark.parametrize(
    "text",
    ["It goes on\n  with this.", "95 % of them", "a square of the grid", "a label stands twice", "Whoever asks", "rough", "80 test rows"],
)
def test_phrases_are_flagged(text: str) -> None:
    assert list(flagged(text))


@pytest.mark.parametrize(
    "text", ["least squares", "a sum of squares", "a square root", "95% of them", "all the same length", "roughly", "{% if n < 1 %}"]
)
def test_technical_uses_are_not_flagged(text: str) -> None:
    assert not list(flagged(text))
