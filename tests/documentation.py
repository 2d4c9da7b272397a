"""The pages of the documentation, and the code in them."""

import re

from places import ROOT

GUIDES = ("README.md", *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")))
REFERENCE = ("tasks/README.md", "strategies/README.md", "CONTRIBUTING.md")


def read(document):
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", read(document), re.MULTILINE | re.DOTALL)


def inline_code(documents, pattern):
    """Code in sentences that starts with `pattern`, without code that has placeholders in capital letters."""
    codes = {code for document in documents for code in re.findall(rf"`({pattern}[^`…]*)`", read(document))}
    return sorted(code for code in codes if not re.search(r"\b[A-Z]{3,}\b", code))
