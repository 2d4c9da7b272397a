"""Readers of judges: the file that describes one, what it answers, its answers so far, and its record in a run."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from report_factory import Made, make_judge_record, make_run, summarization
from rich.console import Console

from harness.api import judge_findings
from harness.engine.served import parse_base_url
from harness.judging import Judgement, JudgeQuestion, JudgeRecord, has_form, parse_answer, read_judge
from harness.judging.asking import KeptJudgements
from harness.reporting import print_judge
from harness.store import JUDGES, add_verdict_file, to_json_line
from harness.types import JudgeSpec
from tests.fuzz.readers.reader import Reader, document_seeds, file_seeds, get_folder, refusals, write_as_stranger

_SPECS = (
    JudgeSpec(name="a", kind="rubric", criterion="x", model="tiny"),
    JudgeSpec(name="b", kind="pairwise", criterion="x", model="tiny", reasons=False),
    JudgeSpec(name="c", kind="questions", questions=("Is it true?", "Is it short?"), model="tiny"),
)
_FILES = (
    b"name: careful\nkind: pairwise\ncriterion: Which is complete?\nwith_reference: true\nrepeats: 3\nmax_new_tokens: 200\napi:\n"
    b"  base_url: https://api.example.com/v1\n  model: big-2026\n  api_key_env: KEY\n"
    b"  price: {input_per_million: 2, output_per_million: 8}\n",
    b"name: strict\nkind: rubric\ncriterion: |\n  Is it true?\nscale: [0, 3]\nmeanings: {0: wrong, 3: right}\nmodel: tiny\n"
    b"reasons: false\n",
    b"name: asking\nkind: questions\nquestions: [Is it true?, Is it short?]\nmodel: tiny\n",
)
_ANSWERS = (
    b'{"reason": "it says more", "verdict": "A"}', b'```json\n{"reason": "r", "verdict": 4}\n```', b"It is true.\n**Verdict:** yes", b"tie",
    b'<think>{"verdict": 1}</think>{"verdict": 2} {"verdict": 3}',
)  # fmt: skip
_QUESTION = JudgeQuestion("1", ("base", "lora"), 0, 0, "a prompt")


def read_judge_file(content: bytes, folder: Path) -> None:
    """Read a judge."""
    (folder / "judge.yaml").write_bytes(content)
    with refusals():
        spec = read_judge(folder / "judge.yaml")
        assert spec.verdicts
        if spec.api is not None:
            parse_base_url(spec.api.base_url)


def read_answer(content: bytes, folder: Path) -> None:
    """Read an answer of each kind of judge: it has one of the known verdicts, or none and a reason why."""
    text = content.decode("utf-8", "replace")
    for spec in _SPECS:
        has_form(spec, text)
        parsed = parse_answer(spec, text)
        assert parsed.verdict in spec.verdicts if parsed.verdict else parsed.why_missing


def read_kept_answers(content: bytes, folder: Path) -> None:
    """Read the answers so far, as they are and behind the digest that belongs to them: they answer what was asked, or are not read."""
    kept = KeptJudgements(folder, "a-1")
    with kept.locked():
        for text in (content, f"{hashlib.sha256(content).hexdigest()[:16]} ".encode() + content):
            (kept.folder / "answers.txt").write_bytes(text)
            assert all(each.prompt == "a prompt" for each in kept.read([_QUESTION]).values())


def read_record(content: bytes, folder: Path) -> None:
    """Replace the record of a judge, and read it as the report does."""
    run = folder / "run"
    shutil.copytree(_judged_run(), run)
    write_as_stranger(next(run.glob("judges/*.json")), content)
    with refusals():
        for findings in judge_findings(run):
            print_judge(findings, Console(file=io.StringIO()))


@lru_cache(maxsize=1)
def _judged_run() -> Path:
    run = make_run(get_folder() / "judged", [summarization([Made("base", 0.3), Made("lora", 0.9, 1)], rows=6)])
    add_verdict_file(run.path, JudgeRecord, make_judge_record(run, "careful"), at="2026-03-31T00:00:00+00:00", folder=JUDGES)
    return run.path


def _kept() -> Sequence[Any]:
    judgement = Judgement(
        "1", ("base", "lora"), 0, 0, "a prompt", '{"verdict": "A"}', "A", "r", "", "big", "2026-01-01T00:00:00+00:00", 3, 2
    )
    return [json.loads(to_json_line(Judgement, judgement))]


JUDGE_FILES: dict[str, Reader] = {
    "judge": Reader(read_judge_file, lambda: _FILES, share=2),
    "judge answer": Reader(read_answer, lambda: _ANSWERS, share=2),
    "answers so far": Reader(read_kept_answers, lambda: [json.dumps(each).encode() for each in _kept()], _kept, share=0.5),
    "judge record": Reader(read_record, file_seeds(_judged_run, "judges/*.json"), document_seeds(_judged_run, "judges/*.json"), share=0.3),
}
