"""The sentences about files for other trainers."""

from __future__ import annotations

from collections.abc import Mapping

from harness.reporting.wording.numbers import plural

_FINDS: Mapping[str, str] = {
    "llamafactory": "{file} describes the files: set `dataset_dir` to this folder, and `dataset` to a name in it.",
    "axolotl": "{file} has the sections `datasets` and `test_datasets` for your configuration.",
}


def describe(sizes: Mapping[str, int], description: str, form: str, *, uses_template: bool) -> list[str]:
    """What was written, and how the trainer finds it.

    Args:
        sizes: examples by file.
        description: the file by which the trainer finds the data, if there is one.
        uses_template: whether the trainer wraps prompts in a chat template although the task wants them plain.
    """
    sentences = [f"{plural(count, 'example')} in {file}." for file, count in sizes.items()]
    if description:
        sentences.append(_FINDS[form].format(file=description))
    if uses_template:
        sentences.append(
            "The task's prompts are plain, but this trainer wraps them in the model's chat template, so the model will not read what bench "
            "shows it. For plain prompts, use the format trl."
        )
    return sentences
