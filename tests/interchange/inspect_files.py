"""Logs in the shape of Inspect AI 0.3.285, checked against logs that it wrote and against `tests/log/test_eval_log/log_formats.eval` and
`tests/analysis/test_logs_choices` of UKGovernmentBEIS/inspect_ai at 499e615. The content is our own."""

import json
import zipfile
import zlib

import pyarrow

ZSTD = 93


def sample(number, right, epoch=1, *, letters=True, **changed):
    output = str(2 * number) if right else "7"
    value = ("C" if right else "I") if letters else (0.5 if right else 0.125)
    return {
        "id": f"s{number}",
        "epoch": epoch,
        "input": f"What is {number} plus {number}?",
        "target": str(2 * number),
        "messages": [{"role": "user", "content": f"What is {number} plus {number}?"}],
        "output": {
            "model": "org/small-model",
            "choices": [{"message": {"role": "assistant", "content": f"It is {output}"}, "stop_reason": "stop"}],
            "time": 0.25,
        },
        "scores": {"match": {"value": value, "answer": output}},
        "model_usage": {"org/small-model": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}},
        "events": [],
    } | changed


def log(rights, *, model="org/small-model", epochs=1, letters=True, metric="accuracy", **changed):
    """A log of 40 samples, of which those at these places are right, in every epoch."""
    samples = [sample(i, i in rights, epoch + 1, letters=letters) for epoch in range(epochs) for i in range(40)]
    numbers = {"C": 1.0, "I": 0.0}
    values = [each["scores"]["match"]["value"] for each in samples]
    mean = sum(numbers.get(value, value) for value in values) / len(values)
    metrics = {name: {"name": name, "value": value, "params": {}} for name, value in ((metric, mean), ("stderr", 0.08))}
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "created": "2026-03-01T09:30:00+00:00",
            "task": "sums",
            "task_version": 0,
            "dataset": {"samples": 40},
            "model": model,
            "config": {"epochs": epochs},
            "packages": {"inspect_ai": "0.3.285"},
        },
        "results": {
            "total_samples": 40,
            "completed_samples": 40,
            "scores": [{"name": "match", "scorer": "match", "scored_samples": 40, "params": {}, "metrics": metrics}],
        },
        "stats": {},
        "samples": samples,
    } | changed


def write_log(folder, name, document):
    """A log in JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def archive_members(document):
    """The members of an `.eval` archive of this log."""
    header = {key: value for key, value in document.items() if key != "samples"}
    members = {f"samples/{s['id']}_epoch_{s['epoch']}.json": s for s in document["samples"]}
    return {name: json.dumps(value).encode() for name, value in {**members, "summaries.json": [], "header.json": header}.items()}


def write_archive(folder, name, document, *, method=zipfile.ZIP_DEFLATED, members=None):
    """An `.eval` archive. Inspect compresses with zstd (method 93), and did so with deflate before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.eval"
    contents = archive_members(document) if members is None else members
    if method != ZSTD:
        with zipfile.ZipFile(file, "w", method) as archive:
            for member, content in contents.items():
                archive.writestr(member, content)
        return file
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # zipfile cannot write zstd: the sizes and the method are set below
        for member, content in contents.items():
            archive.writestr(member, pyarrow.compress(content, codec="zstd", asbytes=True))
        for info in archive.filelist:
            content = contents[info.filename]
            info.compress_type, info.file_size, info.CRC = ZSTD, len(content), zlib.crc32(content)
    return file
