"""The cells of a model cut the same texts once, and score what they would score without."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.api import run
from harness.store import token_files
from harness.store.token_files import TokenFiles
from tests.in_process import cells_in_process

STRATEGIES = ["base", "lora:epochs=1", "full:epochs=1", "fewshot"]


def scores(folder: Path, task: Path) -> dict[str, list[tuple[str, str]]]:
    with cells_in_process():
        made = run(str(task), STRATEGIES, base=False, dtype="float32", runs_dir=folder, reuse=False)
    cells = made.stored.cells
    assert not (made.stored.path / "work").exists()
    return {cell.strategy: [(each.example_id, each.output) for each in made.stored.predictions(cell.id)] for cell in cells}


@pytest.fixture(params=[pytest.param("prompts", marks=pytest.mark.soak), "conversations"])
def task(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    lines = []
    for number in range(60):
        question, answer = f"Card {number} — wo? 日本 <b>", f"card {number}"
        earlier = [("user", f"Hello {number}"), ("assistant", "Which?")] if number % 3 else []
        turns = [{"role": role, "content": text} for role, text in [*earlier, ("user", question), ("assistant", answer)]]
        lines.append(json.dumps({"messages": turns} if request.param == "conversations" else {"input": question, "target": answer}))
    (tmp_path / "cards.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "cards.yaml").write_text(
        "name: cards\nkind: generation\ndata: {path: cards.jsonl}\nmetrics: [rouge]\nprimary: rougeL\ndecode: {max_new_tokens: 4}\n"
    )
    return tmp_path / "cards.yaml"


def test_each_list_of_texts_is_cut_once_and_outputs_are_the_same(task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = scores(tmp_path / "without", task)
    cut: Counter[str] = Counter()
    asked: Counter[str] = Counter()

    class Watched(TokenFiles):
        def __call__(self, texts, settings, cut_texts):  # type: ignore[no-untyped-def]
            def note() -> list[list[int]]:
                cut[f"{settings.split()[-1]} {texts}"] += 1
                rows: list[list[int]] = cut_texts()
                return rows

            asked[f"{settings.split()[-1]} {texts}"] += 1
            return super().__call__(texts, settings, note)

    monkeypatch.setattr(token_files, "FEWEST_CHARACTERS", 0)
    monkeypatch.setattr("harness.store.run_folder.TokenFiles", Watched)
    assert scores(tmp_path / "with", task) == without
    assert set(cut.values()) == {1}
    several = [times for name, times in asked.items() if name.count("Card") > 1]
    assert cut.keys() == asked.keys() and max(several) >= 3, "all strategies read the test inputs, few-shot prompts of conversations alone"
