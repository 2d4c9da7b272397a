"""What the viewer answers: each page is made from the runs when it is asked for. No path of a request reaches the file system."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.archive import read_progress
from harness.errors import BenchError
from harness.gate import Registry
from harness.reporting import INDEX, render, render_live_index, render_site, runs_in_progress_to_json
from harness.results import RunResults
from harness.store import RunFolder
from harness.viewer.site_source import collect_site

PROGRESS = "progress.json"
HTML, JSON = "text/html; charset=utf-8", "application/json"


@dataclass(frozen=True)
class ViewerPage:
    """An answer."""

    content_type: str
    body: bytes


class ViewerPages:
    """The pages of one folder of runs.

    Args:
        registry: the promoted models; None without a registry.
    """

    def __init__(self, runs: Path, registry: Registry | None) -> None:
        self._runs, self._registry = runs, registry
        self._lock = threading.Lock()  # results are computed for one request at a time

    def warm_up(self, progress: Callable[[str, int, int], None]) -> None:
        """Compute the decisions, so that the first page does not have to.

        Raises:
            BenchError: the registry does not exist or is damaged.
        """
        collect_site(self._runs, self._registry, progress=progress)

    def get(self, path: str) -> ViewerPage | None:
        """The page with this path, which has no leading slash; None where there is none.

        Raises:
            BenchError: files are damaged.
        """
        if path == PROGRESS:
            return ViewerPage(JSON, json.dumps(runs_in_progress_to_json(read_progress(self._runs)), allow_nan=False).encode())
        with self._lock:
            site = collect_site(self._runs, self._registry)
            if path in ("", INDEX):
                return _page(render_live_index(site))
            task_pages = render_site(site)
            if path in task_pages:
                return _page(task_pages[path])
            name = next((name for name, page in site.pages.items() if page == path), None)
            run = next((run for run in site.runs if run.name == name), None)
            return None if run is None else _page(render(RunResults(RunFolder(Path(run.path)))))

    def get_or_explain(self, path: str) -> ViewerPage | None:
        """`get`, with the message of an error instead of a damaged page."""
        try:
            return self.get(path)
        except BenchError as error:
            return ViewerPage("text/plain; charset=utf-8", str(error).encode("utf-8", "replace"))


def _page(text: str) -> ViewerPage:
    return ViewerPage(HTML, text.encode("utf-8", "replace"))
