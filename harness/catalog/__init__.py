"""What is there to run: tasks and strategies from YAML, checked strictly; the shipped ones and the user's own."""

from harness.catalog.catalog import Catalog, Entry, MetricNames, Vocabulary
from harness.catalog.overrides import outside_brackets, with_values
from harness.catalog.prompts import RESERVED_WORDS, prompt_variables, render_prompt, variable_problem
from harness.catalog.shipped import shipped_folder
from harness.catalog.strategy_specs import OUTPUTS_PREFIX, resolve_strategy
from harness.catalog.yaml_file import YamlFile, parse

__all__ = [
    "OUTPUTS_PREFIX",
    "RESERVED_WORDS",
    "Catalog",
    "Entry",
    "MetricNames",
    "Vocabulary",
    "YamlFile",
    "outside_brackets",
    "parse",
    "prompt_variables",
    "render_prompt",
    "resolve_strategy",
    "shipped_folder",
    "variable_problem",
    "with_values",
]
