"""A command of `bench` as a line of a shell: with `echo TEXT |` before it, `| PROGRAM` after it, `< FILE` or `> FILE`."""

from __future__ import annotations

import glob
import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ShellLine:
    """The arguments of bench, what it reads and writes instead of the terminal, and what reads its output; empty where nothing does."""

    arguments: tuple[str, ...]
    text: str = ""
    source: str = ""
    target: str = ""
    reader: str = ""

    def given(self, folder: Path) -> str:
        """What the command reads from standard input."""
        return (folder / self.source).read_text(encoding="utf-8") if self.source else self.text

    def expanded(self, folder: Path) -> tuple[str, ...]:
        """The arguments, with the names of the files in the folder that a pattern fits."""
        return tuple(name for word in self.arguments for name in (sorted(glob.glob(word, root_dir=folder)) or [word]))


def read_line(line: str) -> ShellLine:
    """Read a line that calls bench once, without the comment at its end."""
    before, _, rest = f" | {line.split('  #', maxsplit=1)[0].strip()}".rpartition(" | bench ")
    command, _, reader = rest.partition(" | ")
    words, files = [], {"<": "", ">": ""}
    following = iter(shlex.split(command))
    for word in following:
        if word in files:
            files[word] = next(following)
        else:
            words.append(word)
    text = " ".join(shlex.split(re.sub(r"^ \| ", "", before))[1:])
    return ShellLine(tuple(words), text, files["<"], files[">"], reader)
