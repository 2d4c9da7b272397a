"""Programs that the package holds as text, for processes that it starts: no linter reads them, and some run only on other systems."""

from __future__ import annotations

import ast
import builtins
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def list_programs() -> list[tuple[str, str]]:
    """The module and the name of each text of several lines that imports something."""
    programs = []
    for file in sorted((ROOT / "harness").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.parse(text).body if '"""\n' in text else []:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
                source = ast.get_source_segment(text, node.value) or ""
                if any(line.startswith(("import ", "from ")) for line in source.splitlines()):
                    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                    programs += [(module, target.id) for target in node.targets if isinstance(target, ast.Name)]
    return programs


PROGRAMS = list_programs()


def undefined_names(program: str) -> set[str]:
    """The names that a program reads and binds nowhere."""
    nodes = list(ast.walk(ast.parse(program)))
    bound = set(dir(builtins))
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
    return {node.id for node in nodes if isinstance(node, ast.Name)} - bound


def test_every_kind_of_process_is_checked() -> None:
    assert {module.rsplit(".", 1)[1] for module, _ in PROGRAMS} >= {"cell_processes", "cell_group", "answering_processes"}
    assert undefined_names("import os\nrun(os.getpid())") == {"run"}


@pytest.mark.parametrize(("module", "name"), PROGRAMS, ids=[f"{module.rsplit('.', 1)[1]}.{name}" for module, name in PROGRAMS])
def test_programs_define_what_they_use(module: str, name: str) -> None:
    program = getattr(importlib.import_module(module), name)
    assert undefined_names(program) == set()


@pytest.mark.parametrize(("module", "name"), PROGRAMS, ids=[f"{module.rsplit('.', 1)[1]}.{name}" for module, name in PROGRAMS])
def test_programs_find_what_they_import(module: str, name: str) -> None:
    for node in ast.walk(ast.parse(getattr(importlib.import_module(module), name))):
        if isinstance(node, ast.ImportFrom):
            source = importlib.import_module(node.module or "")
            for alias in node.names:
                assert hasattr(source, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")
