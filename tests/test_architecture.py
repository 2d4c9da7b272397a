"""The shape of the code: the direction of imports, names with one meaning, and a package that is cheap to import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

HEAVY = {"torch", "transformers", "peft", "accelerate", "bitsandbytes", "datasets", "pandas", "pyarrow", "sklearn", "scipy", "numpy"}


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("module", ["harness", "harness.types", "harness.errors", "harness.catalog", "harness.cli.main"])
def test_importing_is_cheap(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "harness" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_every_folder_is_in_the_contract() -> None:
    """A folder that the contract does not name could import anything."""
    import tomllib

    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = set(config["tool"]["importlinter"]["contracts"][0]["layers"])
    folders = {f"harness.{p.stem}" for p in (ROOT / "harness").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert folders - {"harness.__init__"} == layers


def test_only_harness_is_python() -> None:
    for folder in ("tasks", "strategies", "reports"):
        assert not list((ROOT / folder).rglob("*.py"))


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the package with its syntax tree."""
    for file in sorted((ROOT / "harness").rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def _names_in_all(tree: ast.Module) -> set[str]:
    """What an `__init__.py` lists."""
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    return {name for each in lists for name in ast.literal_eval(each)}


def test_folders_are_imported_through_their_init() -> None:
    """`from harness.data.formats.csv_file import …` outside harness/data/formats would depend on how that folder is divided."""
    offered = {".".join(file.parent.relative_to(ROOT).parts): _names_in_all(tree) for file, tree in modules() if file.name == "__init__.py"}
    wrong = []
    for file, tree in modules():
        own = ".".join(file.parent.relative_to(ROOT).parts)
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("harness."):
                continue
            module, names = node.module or "", {alias.name for alias in node.names}
            if module in offered:
                folder, names = module, {name for name in names - offered[module] if f"{module}.{name}" not in offered}
            else:
                folder = module.rpartition(".")[0]
            if names and folder not in ("harness", own) and not own.startswith(f"{folder}."):
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: from {module} import {', '.join(sorted(names))}")
    assert not wrong, "import these through the folder's __init__.py:\n" + "\n".join(wrong)


def test_no_file_name_has_two_meanings() -> None:
    """Files of commands have the name of their command, and are exempt."""
    names = Counter(file.stem for file, _ in modules() if file.name != "__init__.py" and file.parent.name != "commands")
    assert not [name for name, count in names.items() if count > 1]


def test_no_type_name_has_two_meanings() -> None:
    """Public classes and type aliases; an alias of one and the same type may be written where it is needed."""
    places: dict[str, set[tuple[str, str]]] = {}
    for file, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                name, meaning = node.name, f"class of {file.relative_to(ROOT)}"
            elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias" and isinstance(node.target, ast.Name):
                name, meaning = node.target.id, ast.unparse(node.value or node)
            else:
                continue
            if not name.startswith("_"):
                places.setdefault(name, set()).add((meaning, str(file.relative_to(ROOT)) if "class of" in meaning else ""))
    twice = {name: sorted(meaning for meaning, _ in found) for name, found in places.items() if len(found) > 1}
    assert not twice


def test_contributing_lists_every_folder_in_the_order_of_imports() -> None:
    import tomllib

    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = re.findall(r"^\| `(\w+)/` \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    folders = [name.removeprefix("harness.") for name in reversed(layers) if (ROOT / name.replace(".", "/") / "__init__.py").is_file()]
    assert listed == folders


def messages() -> Iterator[tuple[Path, ast.AST, str]]:
    """Every string literal outside the interfaces, without docstrings."""
    outside = {ROOT / "harness" / place for place in ("cli", "workshop", "reporting/wording", "engine/artifacts/exports/usage_snippets.py")}
    for file, tree in modules():
        if outside & {file, *file.parents}:
            continue
        documented = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
        docstrings = {id(node.value) for node in documented}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield file, node, node.value


def test_messages_of_the_core_name_no_options() -> None:
    """`setting("force")` reads `force=True` in Python and `--force` on the command line."""
    others = {"--porcelain", "--outfile", "--outtype"}  # options of git and of llama.cpp's converter
    offenders = [
        f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {text.strip()!r}"
        for file, node, text in messages()
        if re.search(r"(?<![\w(-])--[a-z][a-z-]+", text) and text not in others
    ]
    assert not offenders, "name these with harness.errors.setting:\n" + "\n".join(offenders)


def test_the_core_reads_no_settings_from_the_environment() -> None:
    """The command line reads the environment and passes on what it holds."""
    offenders = [
        f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {text}"
        for file, node, text in messages()
        if re.fullmatch(r"(BENCH|GITHUB|XDG)_[A-Z_]+|CI", text)
    ]
    assert not offenders, "read these in harness/cli:\n" + "\n".join(offenders)


# By module: the package of an extra that it imports, after checking that it is installed.
EXTRAS = {
    "harness/data/privacy/model_finder.py": "presidio_analyzer",
    **dict.fromkeys((f"harness/grid/cluster/ray_{name}.py" for name in ("cluster", "survey", "transport")), "ray"),
    "harness/grid/trackers/mlflow_connection.py": "mlflow",
    "harness/grid/trackers/mlflow_tracker.py": "mlflow",
    "harness/lifecycle/serving/mlflow_mirror.py": "mlflow",
    "harness/lifecycle/serving/pyfunc_script.py": "mlflow",
    "harness/grid/trackers/wandb_tracker.py": "wandb",
}


def test_imported_packages_are_declared() -> None:
    """Whatever the product imports is installed with it. An extra is imported by one module, which says how to install it."""
    import tomllib
    from importlib.metadata import packages_distributions

    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=!~\[ ]", name)[0].lower().replace("_", "-") for name in config["dependencies"]}
    distributions = packages_distributions()
    imported: dict[str, str] = {}
    for file, tree in modules():
        if "workshop" in file.parts:
            continue
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            imported |= {name.partition(".")[0]: str(file.relative_to(ROOT)) for name in names}
    ours = {"harness", *sys.stdlib_module_names}
    ours |= {name for name, file in imported.items() if EXTRAS.get(file) == name}
    missing = {
        name: file
        for name, file in imported.items()
        if name not in ours and declared.isdisjoint(d.lower().replace("_", "-") for d in distributions.get(name, [name]))
    }
    assert not missing
