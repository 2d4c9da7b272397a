"""What is there to run: tasks and strategies from YAML, checked strictly; the shipped ones and the user's own."""

from harness.catalog.catalog import Catalog, Entry, MetricNames, Vocabulary
from harness.catalog.prompts import prompt_variables, render_prompt
from harness.catalog.shipped import shipped_folder
from harness.catalog.yaml_file import YamlFile, parse

__all__ = ["Catalog", "Entry", "MetricNames", "Vocabulary", "YamlFile", "parse", "prompt_variables", "render_prompt", "shipped_folder"]
