"""The file that answers are written to, and the answers of an interrupted command beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from harness.errors import BenchError, setting
from harness.results import FinishedCell
from harness.store import DigestedLines, from_json_text, to_json_line, write_text
from harness.types import Example, Prediction

_FORMATS = (".jsonl", ".ndjson", ".csv")
_SUFFIX = ".partial"


def check_out_file(out: Path, data: Path | None, *, force: bool) -> None:
    """Check before the work starts that its result can be written.

    Args:
        data: the file that is answered.
        force: an existing file may be replaced.

    Raises:
        BenchError: the path is a folder, its folder does not exist, the extension names no format, or the file exists.
    """
    problem = ""
    if out.is_dir():
        problem = "is a folder: name a file"
    elif not out.parent.is_dir():
        problem = f"the folder {out.parent} does not exist"
    elif out.suffix.lower() not in _FORMATS:
        problem = "must end in .jsonl or .csv, which selects the format"
    elif data is not None and out.exists() and data.exists() and out.samefile(data):
        problem = "holds the examples to answer: name another file"
    elif out.exists() and not force:
        problem = f"already exists: name another file, or replace it with {setting('force')}"
    if problem:
        raise BenchError(f"{out}: {problem}")


def find_kept_answers(out: str | Path) -> Path | None:
    """The file with the answers of an interrupted command, if there are any."""
    kept = _kept_file(Path(out))
    return kept if kept.exists() else None


class KeptAnswers:
    """The answers so far, in `OUT.partial`: when they are complete, they are written to OUT. A context: on leaving, nothing is lost.

    Args:
        out: the file that the answers are written to.
        finished, examples: what is answered, and by which model. Answers to other examples, or by another model, are refused.
        force: drop answers of another command.

    Attributes:
        file: where the answers are kept.
    """

    def __init__(self, out: Path, finished: FinishedCell, examples: Sequence[Example], *, force: bool = False) -> None:
        self._out = out
        self.file = _kept_file(out)
        self._lines = DigestedLines(self.file)
        self._request = _digest_request(finished, examples)
        self._force = force
        self._is_empty = True

    def __enter__(self) -> KeptAnswers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._is_empty:
            self.file.unlink(missing_ok=True)

    def read(self) -> dict[str, Prediction]:
        """The answers by id; empty where none are kept.

        Raises:
            BenchError: the file holds answers to other examples or of another model, or is another file.
        """
        stored = self._lines.read()
        if stored[:1] != [self._request]:
            if self.file.exists() and not self._force:
                self._is_empty = False  # it stays
                raise BenchError(
                    f"{self.file}: holds the answers of another command, which was interrupted. Run that command again to finish it, "
                    f"delete the file, or start anew with {setting('force')}."
                )
            self.file.unlink(missing_ok=True)
            self._lines.append([self._request])
            return {}
        predictions = {}
        for line in stored[1:]:
            with suppress(ValueError):  # of another version: it is answered again
                prediction = from_json_text(Prediction, line)
                predictions[prediction.example_id] = prediction
        self._is_empty = not predictions
        return predictions

    def append(self, batch: Sequence[Prediction]) -> None:
        """Keep a batch of answers."""
        self._lines.append([to_json_line(Prediction, prediction) for prediction in batch])
        self._is_empty = False

    def complete(self, text: str) -> None:
        """Write the complete answers, and delete those that were kept."""
        write_text(self._out, text, private=(self._out.parent / "run.json").is_file())  # beside the texts that it answers
        self.file.unlink(missing_ok=True)


def _kept_file(out: Path) -> Path:
    return out.with_name(f"{out.name}{_SUFFIX}")


def _digest_request(finished: FinishedCell, examples: Sequence[Example]) -> str:
    """sha256 (hex) over the run, the cell, and the ids and inputs of the examples."""
    content = [finished.run.name, finished.cell.id, [[example.id, example.inputs] for example in examples]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
