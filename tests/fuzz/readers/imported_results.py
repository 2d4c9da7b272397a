"""Results of other evaluation tools (`bench import`)."""

from __future__ import annotations

import json
from pathlib import Path

from harness.interchange import assemble, read_results
from tests.fuzz.readers.reader import Read, Reader, refusals
from tests.interchange.lm_eval_files import DATE, choice, results, sums
from tests.interchange.peft_files import experiment

_SAMPLES = sums(range(3))[:5]


def _read_file(name: str) -> Read:
    def read(content: bytes, folder: Path) -> None:
        file = folder / name
        file.write_bytes(content)
        with refusals():
            assemble(read_results([file]), base=None, primary=None)

    return read


def _read_samples(content: bytes, folder: Path) -> None:
    """Samples beside a results file that states no hash of them."""
    document = results({"sums": _SAMPLES}) | {"task_hashes": {}}
    (folder / f"results_{DATE}.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / f"samples_sums_{DATE}.jsonl").write_bytes(content)
    with refusals():
        assemble(read_results([folder]), base=None, primary=None)


def _lm_eval_document() -> dict[str, object]:
    return results({"sums": _SAMPLES, "yes_no": [choice(i, i < 3) for i in range(5)]})


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
}  # fmt: skip
