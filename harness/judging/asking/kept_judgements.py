"""The answers of a judge that is not finished: a line for each, so that none is asked, or paid, twice."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from harness.engine.hosted import HostedForm
from harness.judging.judge_questions import JudgeQuestion
from harness.judging.judge_record import Judgement
from harness.store import DigestedLines, RunLock, from_json_text, make_private_folder, read_value, to_json_line, write_value
from harness.types import Cell, JudgeSpec

_NO_MATTER = {"api": {"max_concurrency", "requests_per_minute", "timeout", "price", "cache", "api_key_env"}}


class KeptJudgements:
    """The answers so far, in `work/judges/<identity>/` of the run. A line that is damaged, or answers something else, is not read."""

    def __init__(self, run: Path, identity: str) -> None:
        self._work = run / "work"
        self.folder = self._work / "judges" / identity
        self._lines, self._form = DigestedLines(self.folder / "answers.txt"), self.folder / "form.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While no other process asks this judge about this run.

        Raises:
            BenchError: another one does, or the folder cannot be written.
        """
        self._make_folder()
        with RunLock(self.folder):
            yield

    def read(self, questions: Sequence[JudgeQuestion]) -> dict[tuple[str, tuple[str, ...], int, int], Judgement]:
        """The kept answers to these questions."""
        asked = {question.key: question.prompt for question in questions}
        kept = {}
        for line in self._lines.read():
            with contextlib.suppress(ValueError):  # the folder may be a stranger's
                judgement = from_json_text(Judgement, line)
                if asked.get(judgement.key) == judgement.prompt:
                    kept[judgement.key] = judgement
        return kept

    def append(self, judgement: Judgement) -> None:
        """Keep one more."""
        self._lines.append([to_json_line(Judgement, judgement)])

    def read_form(self) -> HostedForm | None:
        """How the host was asked; None where it was not."""
        if not self._form.is_file():
            return None
        return read_value(self._form, HostedForm, advice="Delete it: the host is asked again how it answers.")

    def write_form(self, form: HostedForm) -> None:
        """Keep how the host is asked."""
        write_value(self._form, HostedForm, form)

    def remove(self) -> None:
        """Delete what was kept, if anything was, once it is stored as a record."""
        if not self.folder.is_dir():
            return
        for file in self.folder.iterdir():
            file.unlink(missing_ok=True)
        for folder in (self.folder, self.folder.parent, self._work):
            with contextlib.suppress(OSError):  # another judge's answers are beside these
                folder.rmdir()

    def _make_folder(self) -> None:
        for folder in (self._work, self.folder.parent, self.folder):
            make_private_folder(folder)


def identify_judge(spec: JudgeSpec, cells: Mapping[str, Cell]) -> str:
    """A hash of everything that decides what is asked, and of whom."""
    fields = spec.model_dump(mode="json", exclude=_NO_MATTER)
    text = json.dumps([fields, sorted(cell.id for cell in cells.values())], sort_keys=True)
    return f"{spec.name}-{sha256(text.encode()).hexdigest()[:16]}"
