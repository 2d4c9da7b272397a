"""Runs on disk. Only this folder knows the layout of a run."""

from harness.store.added_files import forget_missing_files, settle_added_files
from harness.store.atomic import PRIVATE_FILE, make_private_folder, write_atomically, write_text
from harness.store.cell_folder import CellFolder
from harness.store.cell_transfer import PART_BYTES, FilePart, PartWriter, ReceivedCell, read_cell_inputs, read_cell_results, read_parts
from harness.store.digested_lines import DigestedLines
from harness.store.folder_names import remove_folders
from harness.store.foreign_paths import find_name_problem, refuse_links, resolve_inside
from harness.store.json_files import from_json_text, read_json, read_value, to_json_line, to_jsonable, write_json, write_value
from harness.store.lock import RunLock, file_lock
from harness.store.packing import CONTENTS, PackedFile, PackedRun, pack_run
from harness.store.parquet_tables import read_table
from harness.store.removed_weights import RemovedWeights
from harness.store.review_files import (
    PacketFolder,
    RetiredExample,
    get_packet_folder,
    list_packet_folders,
    read_retired_examples,
    retire_examples,
)
from harness.store.run_folder import RunFolder
from harness.store.run_plan import EXTERNAL, ModelInfo, RunPlan
from harness.store.runs_folder import (
    LATEST,
    LatestRun,
    create_run,
    delete_run,
    find_complete_run,
    find_finished_cell,
    find_latest_run,
    find_run,
    find_run_to_resume,
    find_unfinished_run,
    list_run_folders,
    open_run,
    reuse_cell,
)
from harness.store.seals import LeftOut, PackNote, RunSeal, hash_file, hash_in_background, read_sealed, write_sealed
from harness.store.signed_json import Signer, check_signature, sign_document, user_key_file
from harness.store.stored_run import StoredRun
from harness.store.verdict_files import APPROVALS, JUDGES, add_verdict_file, list_verdict_files, read_verdict_file
from harness.store.verification import FileProblem, Verification, verify_run

__all__ = [
    "APPROVALS",
    "CONTENTS",
    "EXTERNAL",
    "JUDGES",
    "LATEST",
    "PART_BYTES",
    "PRIVATE_FILE",
    "CellFolder",
    "DigestedLines",
    "FilePart",
    "FileProblem",
    "LatestRun",
    "LeftOut",
    "ModelInfo",
    "PackNote",
    "PackedFile",
    "PackedRun",
    "PacketFolder",
    "PartWriter",
    "ReceivedCell",
    "RemovedWeights",
    "RetiredExample",
    "RunFolder",
    "RunLock",
    "RunPlan",
    "RunSeal",
    "Signer",
    "StoredRun",
    "Verification",
    "add_verdict_file",
    "check_signature",
    "create_run",
    "delete_run",
    "file_lock",
    "find_complete_run",
    "find_finished_cell",
    "find_latest_run",
    "find_name_problem",
    "find_run",
    "find_run_to_resume",
    "find_unfinished_run",
    "forget_missing_files",
    "from_json_text",
    "get_packet_folder",
    "hash_file",
    "hash_in_background",
    "list_packet_folders",
    "list_run_folders",
    "list_verdict_files",
    "make_private_folder",
    "open_run",
    "pack_run",
    "read_cell_inputs",
    "read_cell_results",
    "read_json",
    "read_parts",
    "read_retired_examples",
    "read_sealed",
    "read_table",
    "read_value",
    "read_verdict_file",
    "refuse_links",
    "remove_folders",
    "resolve_inside",
    "retire_examples",
    "reuse_cell",
    "settle_added_files",
    "sign_document",
    "to_json_line",
    "to_jsonable",
    "user_key_file",
    "verify_run",
    "write_atomically",
    "write_json",
    "write_sealed",
    "write_text",
    "write_value",
]
