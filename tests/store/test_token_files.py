"""Token ids that the cells of a run keep for each other: what is read is what was cut, or it is cut again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from safetensors import SafetensorError

from harness.store import RunFolder
from harness.store.token_files import FEWEST_CHARACTERS, TokenFiles, read_token_file
from harness.types import DataReport, Splits

TEXTS = ["", "Zoë’s naïve café", "👩\u200d⚕️ 日本語 العربية", "\ud800", "x" * FEWEST_CHARACTERS, ""]
ROWS = [[], [5, 0, 2**31 - 1], [7], [1], list(range(40_000)), []]


class Tokenizer:
    """Counts how often it cuts."""

    def __init__(self, rows: Sequence[Sequence[int]] = ROWS) -> None:
        self.rows, self.times = [list(row) for row in rows], 0

    def cut(self) -> list[list[int]]:
        self.times += 1
        return self.rows


def take(folder: Path, tokenizer: Tokenizer, texts: Sequence[str] = TEXTS, model: str = "abc", settings: str = "False") -> list[list[int]]:
    return TokenFiles(folder, model)(texts, settings, tokenizer.cut)


def test_the_same_texts_are_cut_once(tmp_path: Path) -> None:
    tokenizer = Tokenizer()
    first, second = take(tmp_path / "tokens", tokenizer), take(tmp_path / "tokens", tokenizer)
    assert first == second == ROWS and tokenizer.times == 1
    (file,) = (tmp_path / "tokens").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700), "what patients said is for the user alone"


@pytest.mark.parametrize(
    "other",
    [
        {"model": "abd"},
        {"settings": "True"},
        {"texts": [*TEXTS[:-1], " "]},
        {"texts": [TEXTS[1], *TEXTS[:1], *TEXTS[2:]]},
        {"texts": ["", "", *TEXTS[1:-1]]},
    ],
)
def test_what_differs_is_cut_anew(tmp_path: Path, other: dict[str, object]) -> None:
    take(tmp_path, Tokenizer())
    others = Tokenizer([[9]] * len(TEXTS))
    assert take(tmp_path, others, **other) == others.rows  # type: ignore[arg-type]
    assert others.times == 1 and len(list(tmp_path.iterdir())) == 2


def test_short_lists_are_not_kept(tmp_path: Path) -> None:
    tokenizer, texts = Tokenizer([[1], [2]]), ["x" * (FEWEST_CHARACTERS - 2), "y"]
    assert [take(tmp_path / "tokens", tokenizer, texts) for _ in range(2)] == [[[1], [2]]] * 2
    assert tokenizer.times == 2 and not (tmp_path / "tokens").exists()


def test_a_damaged_file_is_cut_again_and_written_anew(tmp_path: Path) -> None:
    tokenizer = Tokenizer([[3, 4], [], [5], [6], [7, 8, 9], []])
    take(tmp_path, tokenizer)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    changed = [whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :] for place in range(len(whole)) for bit in (0, 6)]
    cut_short = [whole[:size] for size in range(len(whole))]
    for number, content in enumerate([*changed, *cut_short, whole + b"\0", b""]):
        file.write_bytes(content)
        # A bit of the names and the padding in the head may mean the same; then the ids are the same, too.
        assert read_token_file(file, len(TEXTS)) in (None, tokenizer.rows), number
    times = tokenizer.times
    assert take(tmp_path, tokenizer) == tokenizer.rows and tokenizer.times == times + 1
    assert file.read_bytes() == whole
    assert read_token_file(file, len(TEXTS) + 1) is None


def test_a_full_disk_keeps_nothing_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """safetensors has an error of its own for it."""

    def fail(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.numpy.save_file", fail)
    tokenizer = Tokenizer()
    assert [take(tmp_path / "tokens", tokenizer) for _ in range(2)] == [ROWS, ROWS] and tokenizer.times == 2
    assert not list((tmp_path / "tokens").iterdir())


def test_a_process_that_is_late_does_not_bring_back_the_working_folder(tmp_path: Path) -> None:
    tokens = RunFolder(tmp_path).token_files("abc")
    assert tokens(TEXTS, "False", Tokenizer().cut) == ROWS
    assert not (tmp_path / "work").exists()


def test_a_file_in_place_of_the_folder_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("")
    tokenizer = Tokenizer()
    assert take(tmp_path / "tokens", tokenizer) == ROWS


def test_a_run_uses_no_ids_that_it_finds_when_it_starts(tmp_path: Path) -> None:
    """A run that is resumed may be a stranger's."""
    run, kept = RunFolder(tmp_path), Tokenizer()
    (tmp_path / "work").mkdir()
    run.token_files("abc")(TEXTS, "False", kept.cut)
    run.write_data("notes", Splits((), (), (), DataReport("made", {}, {}), "digest"), {})
    anew = Tokenizer([[9]] * len(TEXTS))
    assert run.token_files("abc")(TEXTS, "False", anew.cut) == anew.rows
    run.remove_working_files()
    assert not (tmp_path / "work").exists()
