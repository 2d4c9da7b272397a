"""Runs in the browser: a read-only server on the loopback address."""

from harness.viewer.server import Viewer
from harness.viewer.site_source import collect_site
from harness.viewer.viewer_pages import ViewerPages

__all__ = ["Viewer", "ViewerPages", "collect_site"]
