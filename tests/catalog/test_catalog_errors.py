"""All errors of a YAML file are reported at once: file, line, field, the value seen, and what was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.catalog import Catalog
from harness.errors import BenchError
from harness.types import Task

TASK = "name: mine\nkind: summarization\ndata: {source: clinic}\n"
QA = "name: mine\nkind: qa\ndata: {source: clinic}\n"
FULL = "name: mine\nmethod: full\n"
Problems = Callable[..., tuple[str, ...]]
Write = Callable[[str, str], Path]


def test_all_errors_are_reported_at_once_in_line_order(problems: Problems) -> None:
    found = problems("name: mine\nkind: summarization\ndata:\n  sauce: clinic\nmetrics: [rouge, rogue]\nprimary: rougeL\nmargin: -1\n")
    assert len(found) == 3
    assert found[0] == "mine.yaml:4: data: unknown field 'sauce'. Did you mean 'source'?"
    assert found[1] == "mine.yaml:5: metrics[1]: unknown metric 'rogue'. Did you mean 'rouge'?"
    assert found[2] == "mine.yaml:7: margin: must be greater than 0, not -1"


@pytest.mark.parametrize(
    ("text", "line", "field", "hint"),
    [
        (TASK + "prompts: x\n", 4, "", "unknown field 'prompts'. Did you mean 'prompt'"),
        (TASK + "decode: {max_tokens: 5}\n", 4, "decode", "unknown field 'max_tokens'. Did you mean 'max_new_tokens'"),
        (TASK + "margin: true\n", 4, "margin", "must be a number, not true"),
        (TASK + "prompt_format: chatt\n", 4, "prompt_format", "unknown value 'chatt'. Did you mean 'chat'?"),
        (TASK + "primary: rougel\n", 4, "primary", "'rougel' is not a score of the task's metrics. Did you mean 'rougeL'"),
        (TASK + "metrics: [classification]\nprimary: macro_f1\n", 4, "metrics[0]", "the metric 'classification' needs labels"),
        (TASK + "metrics: [rouge, squad]\nprimary: f1\n", 4, "metrics[1]", "'squad' does not apply to tasks of kind 'summarization'"),
        (QA + "metrics: [classification]\nprimary: macro_f1\n", 4, "metrics[0]", "the metric 'classification' needs labels"),
        (QA + "metrics: [squad, exact_match]\nprimary: f1\n", 4, "metrics[1]", "the metric 'exact_match' needs labels"),
        (QA + "metrics: [answers]\nprimary: f1\n", 4, "metrics[0]", "unknown metric 'answers'"),
        (TASK + "metrics: [bertscore]\nprimary: f1\n", 4, "metrics[0]", "unknown metric 'bertscore'. Try 'evaluate:bertscore'"),
        (QA + "primary: no_answer_f1\n", 4, "primary", "'no_answer_f1' is not a score of the task's metrics"),
        (QA + "no_answer: none\n", 4, "no_answer", "the default prompt asks for 'unanswerable'. Add a 'prompt'"),
        (QA + "no_answer:\n", 4, "no_answer", "the default prompt asks for 'unanswerable'. Add a 'prompt'"),
        (QA + "no_answer: ' '\nprompt: '{{ question }}'\n", 1, "", "'no_answer' must be a text that a model can write"),
        (TASK + "no_answer: none\n", 1, "", "'no_answer' is only for tasks of kind qa"),
        (
            "name: mine\nkind: generation\ndata: {source: clinic}\nmetrics:\n- chrf\n- exact_match\n- squad\nprimary: f1\n",
            7,
            "metrics[2]",
            "'squad' and 'exact_match' both give the score 'exact_match'. Remove one of them",
        ),
        (
            QA + "labels: ['yes', 'no']\nmetrics:\n- exact_match\n- squad\nprimary: f1\n",
            7,
            "metrics[1]",
            "'squad' and 'exact_match' both give the score 'exact_match'. Remove one of them",
        ),
        (TASK + "report: {questions: Who}\n", 4, "report", "unknown field 'questions'. Did you mean 'question'"),
        (
            TASK + "report: {labels: {rougel: Match}}\n",
            4,
            "report.labels.rougel",
            "is not a score of the task's metrics. Did you mean 'rougeL'",
        ),
        (TASK + "report: {labels: {rougeL: ''}}\n", 4, "report.labels.rougeL", "at least 1 character"),
        (TASK + "report: {volume: 0}\n", 4, "report.volume", "greater than or equal to 1"),
        (TASK + "metrics: []\nprimary: rougeL\n", 4, "metrics", "at least 1 item"),
        (TASK + "labels: [yes, no]\n", 4, "labels[0]", "must be text, but YAML reads this value as true. Put it in quotes"),
        (TASK + "labels: [a, a]\n", 4, "labels", "two distinct, non-empty"),
        (TASK.replace("clinic", "clinik"), 3, "data.source", "unknown source 'clinik'. Did you mean 'clinic'?"),
        (TASK.replace("summarization", "summarisation"), 2, "kind", "unknown value 'summarisation'. Did you mean 'summarization'?"),
        (TASK.replace("source: clinic", "path: a.csv, source: clinic"), 3, "data", "exactly one of 'path'"),
        (TASK.replace("source: clinic", "path: a.csv, split: {train: 0.5}"), 3, "data.split", "must sum to 1, not 0.7"),
        (TASK.replace("name: mine", "name: ../mine"), 1, "name", "'../mine'"),
        (FULL + "train: {learning_rate: {50M: 1.0e-3}}\n", 3, "train.learning_rate", "needs an entry 'inf'"),
        (FULL + "train: {learning_rate: {50X: 1.0e-3, inf: 1.0e-3}}\n", 3, "train.learning_rate", "'50X' is not a model size"),
        (FULL + "train: {learning_rate: {50M: 5, inf: 1.0e-3}}\n", 3, "train.learning_rate.50M", "less than or equal to 1, not 5"),
        (FULL + "train: {learning_rate: fast}\n", 3, "train.learning_rate", "not 'fast'"),
        (FULL + "train: {schedule: cosin}\n", 3, "train.schedule", "unknown value 'cosin'. Did you mean 'cosine'?"),
        (FULL + "train: {epochs: .nan}\n", 3, "train.epochs", "not nan"),
    ],
)
def test_one_error_is_reported_once_with_its_place(problems: Problems, text: str, line: int, field: str, hint: str) -> None:
    found = problems(text)
    first = found[0]
    assert first.startswith(f"mine.yaml:{line}: {field}: " if field else f"mine.yaml:{line}: ")
    assert hint in first
    assert len(found) == (2 if "labels: [yes" in text else 1), "one mistake, one message, not one for each member of a union"


def test_wrong_split_files_are_not_also_reported_as_wrong_text(problems: Problems) -> None:
    found = problems(TASK.replace("source: clinic", "path: {train: a.csv, tset: b.csv}"))
    assert sorted(p.split(": ", 2)[2] for p in found) == ["the field 'test' is missing", "unknown field 'tset'. Did you mean 'test'?"]


def test_missing_fields_are_named(problems: Problems) -> None:
    found = problems("kind: summarization\n")
    assert found == ("mine.yaml:1: the field 'name' is missing", "mine.yaml:1: the field 'data' is missing")


def test_custom_metrics_need_a_primary_score(problems: Problems) -> None:
    assert problems(TASK + "metrics: [rouge]\n") == ("mine.yaml:1: the field 'primary' is missing",)


def test_all_repeated_keys_are_reported(problems: Problems) -> None:
    found = problems(TASK + "margin: 0.1\nmargin: 0.2\ndecode: {max_new_tokens: 1, max_new_tokens: 2}\n")
    assert found == ("mine.yaml:5: the field 'margin' is given twice", "mine.yaml:6: the field 'max_new_tokens' is given twice")


def test_broken_yaml_is_reported_with_its_line(problems: Problems) -> None:
    (found,) = problems(TASK + "labels: [a, b\nmargin: 0.1\n")
    assert found.startswith("mine.yaml:5: is not valid YAML")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n", "# a comment\n"])
def test_file_that_is_not_a_mapping_is_refused(problems: Problems, text: str) -> None:
    (found,) = problems(text)
    assert "must be a mapping" in found


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("description: !!python/object/apply:os.system ['touch owned']", "could not determine a constructor"),
        ("description: !!python/name:os.system", "could not determine a constructor"),
        ("description: 2020-13-45", "put quotes around text"),
        ("version: !!int abc", "is not valid YAML"),
        ("labels: &a [*a]", "an alias of something that contains it"),
        ("version: !!int 1" + "0" * 5000, "a number with 5,001 characters is too long"),
        ("skip: !!bool x", "a value does not fit its tag"),
        ("version: !!int ''", "a value does not fit its tag"),
        ("description: !!timestamp x", "a value does not fit its tag"),
        ('description: "\\U00110000"', "is not valid YAML"),
        ("labels: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("? [a, b]\n: c", "unhashable"),
        ("description: a\n---\nname: second", "another document"),
        ("1: x", "keys should be strings"),
    ],
)
def test_hostile_yaml_only_causes_an_error(problems: Problems, tmp_path: Path, line: str, hint: str) -> None:
    found = problems(TASK + line + "\n")
    assert found[0].startswith("mine.yaml")
    assert hint in found[0]
    assert len(found[0]) < 300
    assert [f.name for f in tmp_path.iterdir()] == ["mine.yaml"]


def test_aliases_cannot_inflate_a_message(problems: Problems) -> None:
    """Nine levels of nine aliases are 400 million strings when they are written out."""
    levels = "".join(f"- &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    found = problems(TASK + "labels:\n- &a [x, x, x, x, x, x, x, x, x]\n" + levels)
    assert found == ("mine.yaml:10: holds more than 100,000 values with every alias written out",)


def test_file_that_is_too_large_is_refused(problems: Problems) -> None:
    (found,) = problems(TASK + "description: " + "x" * 300_000)
    assert found == "mine.yaml: is larger than 256 KiB, the limit for a YAML file. Name data by its path"


def test_file_that_is_not_utf8_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"description: caf\xe9\n" + TASK.encode())
    with pytest.raises(BenchError, match=r"mine.yaml: is not UTF-8 \(byte 16\)"):
        catalog.task("mine.yaml")


def test_utf8_with_byte_order_mark_is_read(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xef\xbb\xbf" + TASK.encode() + "description: café\n".encode())
    assert catalog.task("mine.yaml").value.description == "café"


def test_missing_file_and_folder_are_errors(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(BenchError, match=r"nope.yaml: cannot be read: No such file"):
        catalog.task("nope.yaml")
    with pytest.raises(BenchError, match=r"folder.yaml: cannot be read"):
        catalog.task("folder.yaml")


def test_anchors_and_merge_keys_work(catalog: Catalog, write: Write) -> None:
    write(
        "mine.yaml",
        """
        name: mine
        kind: classification
        data:
          path: {train: &file rows.csv, test: *file}
          split: {<<: {train: 0.6, validation: 0.2, test: 0.2}, seed: 5}
        """,
    )
    data = catalog.task("mine.yaml").value.data
    assert data.path is not None and not isinstance(data.path, str)
    assert (data.path.train, data.path.test) == ("rows.csv", "rows.csv")
    assert (data.split.train, data.split.seed) == (0.6, 5)


def test_error_points_to_the_override_not_to_the_merged_value(problems: Problems) -> None:
    (found,) = problems(TASK + "decode:\n  <<: {max_new_tokens: 5}\n  max_new_tokens: 0\n")
    assert found.startswith("mine.yaml:6: decode.max_new_tokens")


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("method: peft\ntrain: {}\n", ["needs 'adapter' with a 'peft_type'"]),
        ("method: prompt\nadapter: {r: 1}\ntrain: {}\n", ["takes no 'adapter'", "takes no 'train'"]),
        ("method: full\nquantization: {}\n", ["cannot train 4-bit", "needs 'train'"]),
        ("method: full\n", ["'full' needs 'train'"]),
        ("method: lora\n", ["unknown value 'lora'"]),
    ],
)
def test_inconsistent_strategies_are_refused(problems: Problems, text: str, hints: list[str]) -> None:
    (found,) = problems("name: mine\n" + text)
    for hint in hints:
        assert hint in found


def test_strategy_can_quantize_without_training(catalog: Catalog, write: Write) -> None:
    """The untuned 4-bit model can be compared with `base`."""
    strategy = catalog.check(write("mine.yaml", "name: mine\nmethod: prompt\nquantization: {type: nf4}\n")).value
    assert strategy.model_dump()["quantization"] == {"type": "nf4", "double_quantization": True}


def test_name_with_a_comma_is_refused(problems: Callable[..., tuple[str, ...]]) -> None:
    """`--task a,b` are two tasks."""
    (found,) = problems("name: a,b\nkind: qa\ndata: {source: clinic}\n")
    assert found.startswith("mine.yaml:1: name: ")


@pytest.mark.parametrize("fields", ["group: null", "id: null"])
def test_group_and_id_can_be_null(catalog: Catalog, write: Callable[[str, str], Path], fields: str) -> None:
    task = catalog.check(write("mine.yaml", f"name: mine\nkind: qa\ndata: {{path: a.csv, fields: {{{fields}}}}}\n")).value
    assert isinstance(task, Task)
    assert list(task.data.fields.values()) == [None]


def test_null_target_is_refused(problems: Callable[..., tuple[str, ...]]) -> None:
    (found,) = problems("name: mine\nkind: qa\ndata:\n  path: a.csv\n  fields:\n    target: null\n")
    assert "data.fields: 'target' needs a column; only 'group' and 'id' may be null" in found
