"""A judge's YAML file."""

from __future__ import annotations

from pathlib import Path

from harness.catalog import YamlFile, parse
from harness.errors import BenchError
from harness.types import JudgeSpec


def read_judge(path: Path) -> JudgeSpec:
    """Read a judge, and report all problems at once.

    Raises:
        BenchError: the file cannot be read, or a field is unknown, missing or wrong; each with its line.
    """
    source = YamlFile(path)
    spec, problems = parse(source, source.values, JudgeSpec)
    if spec is None or problems:
        raise BenchError(source.in_order(problems))
    return spec
