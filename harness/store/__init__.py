"""A run on disk. The only code that knows how a run folder is laid out."""

from harness.store.atomic import write_atomically, write_text
from harness.store.json_files import from_json_text, plain, read_json, read_value, to_json_line, write_json, write_value
from harness.store.lock import RunLock, waiting_lock
from harness.store.review_files import PacketFolder, get_packet_folder, list_packet_folders, read_retired_examples, retire_examples
from harness.store.run_folder import CellFolder, RunFolder
from harness.store.run_plan import EXTERNAL, ModelInfo, RunPlan
from harness.store.runs_folder import create_run, find_finished_cell, find_unfinished, open_run, reuse_cell
from harness.store.stored_run import StoredRun
from harness.store.tables import read_table
from harness.store.verdicts import add_verdict, verdict_files

__all__ = [
    "EXTERNAL",
    "CellFolder",
    "ModelInfo",
    "PacketFolder",
    "RunFolder",
    "RunLock",
    "RunPlan",
    "StoredRun",
    "add_verdict",
    "create_run",
    "find_finished_cell",
    "find_unfinished",
    "from_json_text",
    "get_packet_folder",
    "list_packet_folders",
    "open_run",
    "plain",
    "read_json",
    "read_retired_examples",
    "read_table",
    "read_value",
    "retire_examples",
    "reuse_cell",
    "to_json_line",
    "verdict_files",
    "waiting_lock",
    "write_atomically",
    "write_json",
    "write_text",
    "write_value",
]
