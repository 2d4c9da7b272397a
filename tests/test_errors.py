"""Messages write settings in the form of the interface that shows them."""

from __future__ import annotations

import pytest

from harness.cli.wording import with_options
from harness.errors import BenchError, RunStoppedError, setting


@pytest.mark.parametrize(
    ("marked", "python", "command_line"),
    [
        (setting("force"), "force=True", "--force"),
        (setting("runs_dir", "DIR"), 'runs_dir="DIR"', "--runs-dir DIR"),
        (setting("earlier", "latest"), 'earlier="latest"', "--from latest"),
        (setting("seeds", "3"), "seeds=3", "--seeds 3"),
        (setting("reuse", "False"), "reuse=False", "--no-reuse"),
        (setting("fields.input", "dialogue"), 'fields={"input": "dialogue"}', "--input dialogue"),
        (setting("fields.question", "q"), 'fields={"question": "q"}', "--field question=q"),
        (setting("cache_folder", "DIR"), 'harness.cache.use_cache_folder("DIR")', "BENCH_CACHE_DIR=DIR"),
    ],
)
def test_a_setting_is_a_parameter_in_python_and_an_option_on_the_command_line(marked: str, python: str, command_line: str) -> None:
    error = BenchError(f"a.csv: is in the way. Set {marked} to replace it.")
    assert str(error) == f"a.csv: is in the way. Set {python} to replace it."
    assert with_options(error.problems[0]) == f"a.csv: is in the way. Set {command_line} to replace it."


def test_user_text_is_never_mistaken_for_a_setting() -> None:
    for text in ("{force}", "$force", "\\ue000", "--force", "force=True"):
        assert str(BenchError(text)) == with_options(text) == text


def test_each_problem_is_one_line() -> None:
    error = BenchError(["one", "two"])
    assert str(error) == "one\ntwo"
    assert (error.exit_code, RunStoppedError("three").exit_code) == (2, 1)
