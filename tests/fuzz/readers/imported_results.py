"""Results of other evaluation tools (`bench import`)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from harness.interchange import assemble, read_results
from tests.fuzz.readers.reader import Read, Reader, refusals
from tests.interchange.inspect_files import archive_members, log, write_archive
from tests.interchange.lm_eval_files import DATE, choice, results, sums
from tests.interchange.peft_files import experiment
from tests.interchange.promptfoo_files import output

_SAMPLES = sums(range(3))[:5]


def _read_file(name: str) -> Read:
    def read(content: bytes, folder: Path) -> None:
        file = folder / name
        file.write_bytes(content)
        with refusals():
            assemble(read_results([file]))

    return read


def _read_samples(content: bytes, folder: Path) -> None:
    """Samples beside a results file that states no hash of them."""
    document = results({"sums": _SAMPLES}) | {"task_hashes": {}}
    (folder / f"results_{DATE}.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / f"samples_sums_{DATE}.jsonl").write_bytes(content)
    with refusals():
        assemble(read_results([folder]))


def _lm_eval_document() -> dict[str, object]:
    return results({"sums": _SAMPLES, "yes_no": [choice(i, i < 3) for i in range(5)]})


def _log() -> dict[str, object]:
    document = log(range(3))
    return document | {"samples": document["samples"][:5]}


def _archive(method: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_archive(Path(folder), "a", _log(), method=method).read_bytes()


def _read_member(content: bytes, folder: Path) -> None:
    """An archive with a damaged header, or a damaged sample."""
    for name in ("header.json", "samples/s1_epoch_1.json"):
        file = write_archive(folder, "a", None, members=archive_members(_log()) | {name: content})
        with refusals():
            assemble(read_results([file]))


def _promptfoo() -> dict[str, object]:
    document = output({"org:small-model": range(3)})
    document["results"]["results"] = document["results"]["results"][:5]
    return document


def _lines() -> bytes:
    return "".join(json.dumps(each) + "\n" for each in _SAMPLES).encode()


IMPORTED_RESULTS: dict[str, Reader] = {
    "lm-eval-results": Reader(
        _read_file("results.json"), lambda: [json.dumps(_lm_eval_document()).encode()], lambda: [_lm_eval_document()], share=0.3
    ),
    "lm-eval-samples": Reader(_read_samples, lambda: [_lines()], lambda: [_SAMPLES[0]], share=0.3),
    "peft-comparison": Reader(
        _read_file("lora.json"), lambda: [json.dumps(experiment("lora/a", 130)).encode()], lambda: [experiment("lora/a", 130)], share=0.3
    ),
    "inspect-json": Reader(_read_file("log.json"), lambda: [json.dumps(_log()).encode()], lambda: [_log()], share=0.3),
    "inspect-archive": Reader(_read_file("log.eval"), lambda: [_archive(8), _archive(93)], share=0.3),
    "inspect-member": Reader(_read_member, lambda: [json.dumps(_log()["samples"][1]).encode()], lambda: [_log()["samples"][1]], share=0.2),  # type: ignore[index]
    "promptfoo": Reader(_read_file("output.json"), lambda: [json.dumps(_promptfoo()).encode()], lambda: [_promptfoo()], share=0.3),
}  # fmt: skip
