"""The documentation names what exists: fields, links, commands and options."""

import re
import shlex

import pytest
from documentation import GUIDES, REFERENCE, blocks, inline_code, read
from places import ROOT


def test_yaml_examples_name_every_field():
    """The references explain every field that exists, and no other."""
    import yaml

    from harness.types import ApiSpec, DataSpec, SplitSpec, Strategy, Task, TrainSpec

    (task,) = (yaml.safe_load(b) for b in blocks("tasks/README.md", "yaml"))
    assert set(task) == set(Task.model_fields)
    assert set(task["data"]) | {"source", "size", "seed"} == set(DataSpec.model_fields)
    assert set(task["data"]["split"]) == set(SplitSpec.model_fields)
    (strategy,) = (yaml.safe_load(b) for b in blocks("strategies/README.md", "yaml"))
    assert set(strategy) == set(Strategy.model_fields)
    assert set(strategy["train"]) == set(TrainSpec.model_fields)
    assert set(strategy["api"]) == set(ApiSpec.model_fields)


def test_readme_is_short():
    assert len(read("README.md").split()) < 900


def anchors(document):
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", read(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [*GUIDES, *REFERENCE, "CHANGELOG.md"])
def test_links_and_targets_exist(document):
    text = read(document)
    for link, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
        target = (ROOT / document).parent.joinpath(link).resolve() if link else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.relative_to(ROOT)), f"{link}#{anchor}"
    for target in re.findall(r"^    make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


@pytest.mark.parametrize("document", GUIDES)
def test_every_command_is_in_a_block_that_runs(document):
    rest = re.sub(r"^```(?:console|sh|yaml)\n.*?^```", "", read(document), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^\s*(?:\$ )?bench .*", rest, re.MULTILINE)


def test_every_guide_is_linked_from_the_readme():
    # docs/gpu.md, docs/strategies.md, docs/review.md and docs/running.md name them
    of_another_guide = {"docs/sizing.md", "docs/cascade.md", "docs/tuned-elsewhere.md", "docs/judges.md", "docs/performance.md"}
    assert set(re.findall(r"\]\((docs/[^)]+)\)", read("README.md"))) == set(GUIDES) - {"README.md"} - of_another_guide


BIG_MACHINES = [[line.split("  #")[0].strip() for line in block.splitlines()] for block in blocks("docs/gpu.md", "sh")]


def test_a_cluster_takes_ten_commands():
    (cluster,) = (commands for commands in BIG_MACHINES if any(command.startswith("ray ") for command in commands))
    assert len(cluster) == 10


@pytest.mark.parametrize("command", [command for commands in BIG_MACHINES for command in commands if command.startswith("bench ")])
def test_command_for_big_machines_is_accepted(command):
    """It needs machines and a model that are not here, so only its arguments are read."""
    import click

    from harness.cli.main import cli

    _, name, *arguments = shlex.split(command)
    cli.get_command(click.Context(cli), name).make_context(name, arguments)


def test_commands_and_options_in_sentences_exist():
    import click

    from harness.cli.main import cli

    def leaves(name, command):
        options = {name: {option for param in command.params for option in (*param.opts, *param.secondary_opts)}}
        context = click.Context(command)
        names = command.list_commands(context) if isinstance(command, click.Group) else ()
        return options | {k: v for each in names for k, v in leaves(f"{name} {each}", command.get_command(context, each)).items()}

    known = leaves("bench", cli)
    known_options = {option for options in known.values() for option in options} | {"--help"}
    for code in inline_code((*GUIDES, *REFERENCE), "bench "):
        words = re.match(r"bench( [a-z][a-z-]*)*", code).group().split()
        name = next(" ".join(words[:n]) for n in range(len(words), 0, -1) if " ".join(words[:n]) in known)
        assert len(words) == 1 or len(name.split()) > 1, code
        assert set(re.findall(r"--[a-z-]+", code)) <= known[name] | {"--help"}, code
    for code in inline_code((*GUIDES, *REFERENCE), "--"):
        assert set(re.findall(r"--[a-z0-9-]+", code)) <= known_options | {"--no-deps"}, code
