"""Which tool wrote a file, and its results."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.errors import BenchError
from harness.interchange.imported import ImportedResult
from harness.interchange.json_node import JsonNode, read_document
from harness.interchange.readers import (
    SUFFIX,
    is_inspect,
    is_lm_eval,
    is_peft,
    is_promptfoo,
    is_samples,
    match_samples,
    read_inspect_archive,
    read_inspect_document,
    read_lm_eval,
    read_peft,
    read_promptfoo,
)

MAX_FILES = 2000
_FORMATS = (
    "results of lm-evaluation-harness (results_DATE.json with samples_TASK_DATE.jsonl), logs of Inspect AI (.eval or .json), output of "
    "promptfoo (JSON), and results of PEFT's method comparison"
)


def read_results(paths: Iterable[Path]) -> list[ImportedResult]:
    """The results in these files, and in the files of these folders that end as results do.

    Raises:
        BenchError: a file is of no known tool, or damaged.
    """
    files = _find_files(paths)
    samples = [path for path in files if is_samples(path)]
    results: list[ImportedResult] = []
    lm_eval: dict[Path, JsonNode] = {}
    peft: dict[Path, JsonNode] = {}
    for path in (each for each in files if each not in samples):
        if path.suffix == SUFFIX:
            results.append(read_inspect_archive(path, _hash_files([path])))
            continue
        document = read_document(path)
        if is_peft(document):
            peft[path] = document
        elif is_lm_eval(document):
            lm_eval[path] = document
        elif is_inspect(document):
            results.append(read_inspect_document(document, path, _hash_files([path])))
        elif is_promptfoo(document):
            results += read_promptfoo(document, path, _hash_files([path]))
        else:
            raise document.problem(f"is no file of results that can be imported. Known are {_FORMATS}")
    own_samples = match_samples(samples, list(lm_eval))
    for path, document in lm_eval.items():
        results += read_lm_eval(document, path, _hash_files([path, *own_samples[path]]), own_samples[path])
    results += read_peft(peft, {path: _hash_files([path]) for path in peft})
    if not results:
        raise BenchError(f"{files[0]}: has no results. Known are {_FORMATS}.")
    return results


def _find_files(paths: Iterable[Path]) -> list[Path]:
    """The named files, and the JSON files below named folders, in order."""
    files: list[Path] = []
    for path in paths:
        named = [path]
        if not path.exists():
            raise BenchError(f"{path}: does not exist. Name a file of results, or the folder that they are in.")
        if path.is_dir():
            named = sorted(each for pattern in ("*.json", "*.jsonl", "*.eval") for each in path.rglob(pattern) if each.is_file())
            if not named:
                raise BenchError(f"{path}: has no JSON files. Name the files, or the folder that they are in.")
        files += [each for each in named if each not in files]
        if len(files) > MAX_FILES:
            raise BenchError(f"{path}: more than {MAX_FILES:,} files. Import fewer at once.")
    return files


def _hash_files(paths: Iterable[Path]) -> str:
    """sha256 (hex) over the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
