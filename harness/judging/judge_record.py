"""What a judge has said about a run, as it is stored: every prompt, answer and verdict, and who was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from harness.errors import BenchError, setting
from harness.judging.verdict_parsing import WhyMissing
from harness.store import JUDGES, StoredRun, list_verdict_files, read_verdict_file
from harness.types import JudgeSpec

_Count: TypeAlias = Annotated[int, Field(ge=0)]
_ADVICE = (
    f"Restore it from a backup, or move it away, run `bench verify` with {setting('forget_missing')}, and judge the run again with "
    "`bench judge`."
)


@dataclass(frozen=True)
class Judgement:
    """One question to a judge, and its answer.

    Attributes:
        example: its id.
        strategies: whose outputs were shown, in this order: one, or two of a pair.
        question: which question of the judge, from 0.
        repeat: which time it was asked, from 0.
        prompt: what the judge read.
        answer: what it wrote; without a reason of a model of this machine, the verdict that it finds likeliest.
        verdict: one of `JudgeSpec.verdicts`; empty where the answer has none.
        reason: in the judge's words.
        why_missing: why there is no verdict.
        model: the version that answered, in the host's words; empty where it does not say.
        asked: when, in ISO 8601.
        price: in the currency of the judge's price; 0 for an answer from the cache, or without a price.
    """

    example: str
    strategies: tuple[str, ...]
    question: _Count
    repeat: _Count
    prompt: str
    answer: str
    verdict: str
    reason: str = ""
    why_missing: WhyMissing | Literal[""] = ""
    model: str = ""
    asked: str = ""
    tokens_in: _Count = 0
    tokens_out: _Count = 0
    from_cache: bool = False
    price: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def key(self) -> tuple[str, tuple[str, ...], int, int]:
        """What was asked."""
        return self.example, self.strategies, self.question, self.repeat


@dataclass(frozen=True)
class JudgeRecord:
    """All verdicts of a judge about one task of a run.

    Attributes:
        created: when the last answer was stored, in ISO 8601.
        cells: whose outputs were judged: cell ids by strategy, the baseline first.
        own: the strategies whose outputs come from the judge's own model or family.
        host: empty for a model of this machine.
        model_digest: of a model of this machine; empty for a hosted one, which has none.
        judgements: pairs of equal outputs were not asked and are missing; they are ties.
    """

    judge: JudgeSpec
    task: str
    created: str
    cells: Mapping[str, str]
    own: tuple[str, ...]
    host: str
    model_digest: str
    judgements: tuple[Judgement, ...]

    def check(self) -> str:
        """Why the record contradicts itself, as the end of a sentence; empty if it does not."""
        shown = 2 if self.judge.kind == "pairwise" else 1
        keys = set()
        for each in self.judgements:
            if len(set(each.strategies)) != shown or len(each.strategies) != shown or not set(each.strategies) <= set(self.cells):
                return f"shows the outputs {', '.join(each.strategies)} of example '{each.example}', which were not to be judged"
            if each.verdict and each.verdict not in self.judge.verdicts:
                return f"has the verdict '{each.verdict}' on example '{each.example}', which this judge cannot give"
            if each.question >= max(1, len(self.judge.questions)) or each.repeat >= self.judge.repeats or each.key in keys:
                return f"has an answer on example '{each.example}' to a question that was not asked, or was answered before"
            keys.add(each.key)
        return ""


def load_judges(run: StoredRun, task: str) -> list[JudgeRecord]:
    """The verdicts on a task, the oldest first: of each judge the newest on the same outputs.

    Raises:
        BenchError: a file is missing or damaged, or is not about this run.
    """
    known = {cell.id: cell for cell in run.cells}
    newest: dict[tuple[str, tuple[str, ...]], JudgeRecord] = {}
    for file in list_verdict_files(run.path, folder=JUDGES):
        record = read_judge_record(file)
        if record.task != task:
            continue
        wrong = [
            name for name, cell in record.cells.items() if cell not in known or known[cell].strategy != name or known[cell].task != task
        ]
        if wrong:
            raise BenchError(f"{file}: has verdicts on outputs of '{wrong[0]}' that are not in this run. {_ADVICE}")
        key = (record.judge.name, tuple(sorted(record.cells.values())))
        newest.pop(key, None)
        newest[key] = record
    return list(newest.values())


def read_judge_record(file: Path) -> JudgeRecord:
    """Read a stored record.

    Raises:
        BenchError: it is missing, damaged, or contradicts itself.
    """
    record = read_verdict_file(file, JudgeRecord, advice=_ADVICE)
    problem = record.check()
    if problem:
        raise BenchError(f"{file}: {problem}. {_ADVICE}")
    return record


def count_missing(judgements: Sequence[Judgement]) -> int:
    """The answers without a verdict."""
    return sum(not each.verdict for each in judgements)
