"""The answers of a hosted model in the folder of a cell: those so far of an unfinished one, and what is known of each of a finished one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from harness.engine.hosted import HostedAnswer, HostedForm
from harness.store import CellFolder, DigestedLines, from_json_text, make_private_folder, read_value, to_json_line, write_text, write_value


class KeptHostedAnswers:
    """The answers of an unfinished cell: a line for each, with its digest; a damaged line is asked for again."""

    def __init__(self, files: CellFolder) -> None:
        self._folder = files.checkpoint
        self._lines = DigestedLines(self._folder / "answers.txt")
        self._form = self._folder / "form.json"
        self.count = 0

    def read(self) -> dict[str, HostedAnswer]:
        """The kept answers by example id."""
        kept = {}
        for line in self._lines.read():
            with contextlib.suppress(ValueError):  # the folder may be a stranger's
                answer = from_json_text(HostedAnswer, line)
                kept[answer.prediction.example_id] = answer
        self.count = len(kept)
        return kept

    def append(self, answer: HostedAnswer) -> None:
        """Keep one more."""
        self._make_folder()
        self._lines.append([to_json_line(HostedAnswer, answer)])
        self.count += 1

    def read_form(self) -> HostedForm | None:
        """How the host was asked; None where it was not."""
        return (
            read_value(self._form, HostedForm, advice="Delete it: the host is asked again how it answers.")
            if self._form.is_file()
            else None
        )

    def write_form(self, form: HostedForm) -> None:
        """Keep how the host is asked, before the first answer."""
        self._make_folder()
        write_value(self._form, HostedForm, form)

    def _make_folder(self) -> None:
        make_private_folder(self._folder.parent)
        make_private_folder(self._folder)


@dataclass(frozen=True)
class AnswerRecord:
    """One line of `answers.jsonl`: what is known of an answer beside its text."""

    id: str
    model: str
    system_fingerprint: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    tokens_counted_by: str
    asked: str
    seconds: float
    cached: bool
    refusal: str


def write_records(files: CellFolder, answers: Sequence[HostedAnswer]) -> None:
    """Store what is known of each answer beside its text, in the order of the test examples."""
    records = [
        AnswerRecord(
            each.prediction.example_id, each.model, each.fingerprint, each.finish_reason, each.prediction.tokens_in,
            each.prediction.tokens_out, "host" if each.counted else "estimate", each.asked, each.seconds, each.from_cache, each.refusal,
        )
        for each in answers
    ]  # fmt: skip
    text = "".join(f"{to_json_line(AnswerRecord, record)}\n" for record in records)
    make_private_folder(files.path)
    write_text(files.answer_records, text, private=True)
