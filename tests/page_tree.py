"""A page as a tree of elements, for tests that read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "br", "link", "img", "input", "hr"}


@dataclass
class Node:
    """An element: its tag, its attributes, and the elements and texts in it."""

    tag: str
    attributes: dict[str, str | None]
    parts: list[Node | str] = field(default_factory=list)

    @property
    def children(self) -> list[Node]:
        return [part for part in self.parts if isinstance(part, Node)]

    def all(self, tag: str) -> list[Node]:
        found = [child for child in self.children if child.tag == tag]
        return found + [node for child in self.children for node in child.all(tag)]

    def content(self) -> str:
        return " ".join(" ".join(part if isinstance(part, str) else part.content() for part in self.parts).split())


class Tree(HTMLParser):
    """The page as a tree; an element that is not closed where it should be fails the test."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root", {})
        self._open = [self.root]
        self.nodes: list[Node] = []
        self.feed(html)
        assert len(self._open) == 1, f"<{self._open[-1].tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].parts.append(node)
        self.nodes.append(node)
        if tag not in EMPTY:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)
