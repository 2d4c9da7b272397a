"""Tasks and strategies from YAML, the shipped ones and the user's: found by name, checked strictly, with defaults and overrides."""

from harness.catalog.catalog import Catalog, Entry
from harness.catalog.known_names import MetricInfo, ScoreInfo, Vocabulary
from harness.catalog.overrides import locate_field, override_strategy, parse_strategy_spec, split_outside_brackets
from harness.catalog.prompts import RESERVED_WORDS, prompt_variables, render_prompt, variable_problem
from harness.catalog.shipped import shipped_folder
from harness.catalog.strategy_specs import API_PREFIX, ARTIFACT_PREFIX, OUTPUTS_PREFIX, resolve_strategy
from harness.catalog.task_defaults import read_shipped_task
from harness.catalog.yaml_edit import set_data_field
from harness.catalog.yaml_file import YamlFile, parse, parse_yaml_value

__all__ = [
    "API_PREFIX",
    "ARTIFACT_PREFIX",
    "OUTPUTS_PREFIX",
    "RESERVED_WORDS",
    "Catalog",
    "Entry",
    "MetricInfo",
    "ScoreInfo",
    "Vocabulary",
    "YamlFile",
    "locate_field",
    "override_strategy",
    "parse",
    "parse_strategy_spec",
    "parse_yaml_value",
    "prompt_variables",
    "read_shipped_task",
    "render_prompt",
    "resolve_strategy",
    "set_data_field",
    "shipped_folder",
    "split_outside_brackets",
    "variable_problem",
]
