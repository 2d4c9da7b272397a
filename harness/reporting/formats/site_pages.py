"""The site over many runs: pages that need nothing but each other, and have no script."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.errors import BenchError, setting
from harness.reporting import charts
from harness.reporting.formats.html_page import render
from harness.reporting.views import Site
from harness.reporting.wording import names, numbers, progress_sentences, runs_list, service_sentences, site_sentences
from harness.results import RunResults
from harness.webpage import content_security_policy, page_environment, seal_page

INDEX = "index.html"
_STYLE = "report.css"
_SCRIPT = "view.js"
_MARK = '<meta name="generator" content="bench site">'
_HEAD = 4000  # characters; the mark stands before anything of a run


def render_site(site: Site) -> dict[str, str]:
    """The index and the page of each task, by their path in the site."""
    pages = {INDEX: _render("site_index.html.j2", site=site)}
    return pages | {task.page: _render("site_task.html.j2", site=site, task=task) for task in site.tasks}


def render_live_index(site: Site) -> str:
    """The index with the runs in progress, which a script asks the server for every few seconds."""
    return _render("site_index.html.j2", _SCRIPT, site=site)


def check_site_folder(out: Path, *, force: bool) -> None:
    """Check before the work starts that a site can be written to a folder.

    Raises:
        BenchError: it holds files that are not those of a site, or a site, and `force` is not set.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise BenchError(f"{out}: is not a folder. Name a new or empty folder.")
    if not out.parent.is_dir():
        raise BenchError(f"{out.parent}: there is no such folder. Create it first.")
    if not out.exists() or not any(out.iterdir()):
        return
    index = out / INDEX
    is_site = index.is_file() and _MARK in index.read_text(encoding="utf-8", errors="replace")[:_HEAD]
    foreign = next((path for path in sorted(out.rglob("*")) if path.is_symlink() or (path.is_file() and path.suffix != ".html")), None)
    if not is_site or foreign is not None:
        raise BenchError(f"{out}: holds files that are not those of a site{f': {foreign}' if foreign else ''}. Name a new or empty folder.")
    if not force:
        raise BenchError(f"{out}: holds a site. Replace it with {setting('force')}, or name another folder.")


def write_site_pages(
    out: Path,
    site: Site,
    reports: Mapping[str, RunResults],
    *,
    with_text: bool,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> None:
    """Write a site completely, or not at all; it takes the place of an earlier one. Reports are written from the data of the runs: a page
    that lies in the folder of a run may be a stranger's.

    Args:
        reports: the runs whose reports are part of the site, by the path of the page.
        progress: called before a report is written: the run's name, its number from 1, the number of reports.

    Raises:
        BenchError: a file cannot be written, or files of a run are damaged.
    """
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as place:
            new, old = Path(place) / "new", Path(place) / "old"
            for number, (page, run) in enumerate(reports.items(), start=1):
                progress(run.name, number, len(reports))
                _write(new / page, render(run, with_text=with_text))
            for page, text in render_site(site).items():
                _write(new / page, text)
            if out.exists():
                out.rename(old)
            shutil.move(new, out)
    except OSError as error:
        raise BenchError(f"{error.filename or out}: cannot be written: {error.strerror}") from None


def _render(template: str, script_name: str = "", **values: Any) -> str:
    """A page; with a script it may also ask the server that it comes from."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    script = (folder / script_name).read_text(encoding="utf-8") if script_name else ""
    environment = page_environment(folder)
    modules = (names, numbers, progress_sentences, runs_list, service_sentences, site_sentences)
    environment.globals |= {"charts": charts} | {module.__name__.rpartition(".")[2]: module for module in modules}
    policy = content_security_policy(style, script) + ("; connect-src 'self'" if script else "")
    return seal_page(environment.get_template(template).render(style=Markup(style), script=Markup(script), policy=policy, **values))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "replace"))
