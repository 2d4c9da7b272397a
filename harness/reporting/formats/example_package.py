"""The test examples of the report, packed for its script."""

from __future__ import annotations

from typing import Any

from harness import webpage
from harness.metrics import UnsupportedPiece
from harness.reporting.views import ScoreName
from harness.reporting.views.sections import ShownExample, ShownOutput
from harness.reporting.wording import example_texts, names, run_sentences
from harness.text import one_line, visible

INPUT_LIMIT = 4000  # characters shown of one input
OUTPUT_LIMIT = 2000
REASON_LIMIT = 200
MOST_TAGS = 3  # of a sentence


def pack_examples(examples: tuple[ShownExample, ...], score: ScoreName) -> str:
    """The examples as JSON, compressed, in base64: letters, digits, '+', '/' and '=' alone. `report.js` unpacks them.

    `{"labels": […], "base": the place of the untuned model among them, or null, "rows": [{"i": id, "t": title, "in": [[name, text], …],
    "r": [reference, …], "c": label, "o": [{"t": text, "a": answer, "s": score, "m": mark, "k": whether it has a critical error,
    "u": [[sentence, reasons, [kind, …], [piece, …]], …]}, …]}, …]}`, the outputs in the order of the labels.
    """
    sources = [output.source for output in examples[0].outputs] if examples else []
    return webpage.pack_json(
        {
            "labels": [one_line(run_sentences.describe_source(source), 60) for source in sources],
            "base": next((place for place, source in enumerate(sources) if names.is_untuned(source.label)), None),
            "rows": [_example(example, score) for example in examples],
        }
    )


def _example(example: ShownExample, score: ScoreName) -> dict[str, Any]:
    return {
        "i": one_line(example.id, 60),
        "t": one_line(example.title, 110),
        "in": [(one_line(name, 60), visible(text, INPUT_LIMIT)) for name, text in example.inputs],
        "r": [visible(reference, OUTPUT_LIMIT) for reference in example.references],
        "c": one_line(example.label, 60) if example.label is not None else None,
        "o": [_output(example, output, score) for output in example.outputs],
    }


def _output(example: ShownExample, output: ShownOutput, score: ScoreName) -> dict[str, Any]:
    answer = example_texts.describe_answer(output)
    return {
        "t": visible(output.text or "", OUTPUT_LIMIT),
        "a": None if answer is None else visible(answer, OUTPUT_LIMIT),
        "s": output.score,
        "m": example_texts.describe_mark(example, output, score),
        "k": output.critical,
        "u": [_unsupported(pieces) for pieces in _by_sentence(output).values()],
    }


def _by_sentence(output: ShownOutput) -> dict[str, list[UnsupportedPiece]]:
    sentences: dict[str, list[UnsupportedPiece]] = {}
    for piece in output.unsupported:
        sentences.setdefault(piece.sentence, []).append(piece)
    return sentences


def _unsupported(pieces: list[UnsupportedPiece]) -> tuple[str, str, list[str], list[str]]:
    """A sentence, why it is marked, the kinds of pieces that it has, by which examples are filtered, and the first numbers and names."""
    reasons = one_line(example_texts.describe_unsupported(pieces), REASON_LIMIT)
    return visible(pieces[0].sentence, OUTPUT_LIMIT), reasons, sorted({piece.kind for piece in pieces}), _tags(pieces)


def _tags(pieces: list[UnsupportedPiece]) -> list[str]:
    return [one_line(piece.text, 30) for piece in pieces if piece.kind in ("number", "name")][:MOST_TAGS]
