"""Digests that reveal damage: of files, of JSON files that carry their own, and of a whole run. They do not prevent forgery."""

from harness.store.seals.file_hashes import describe_damage, hash_file, hash_in_background
from harness.store.seals.machine_key import is_signed_here, sign
from harness.store.seals.recorded_files import RESTORE, require_inside, walk_files
from harness.store.seals.run_seal import LeftOut, PackNote, RunSeal, combine_hashes
from harness.store.seals.sealed_json import check_sealed, read_sealed, read_sealed_json, write_sealed

__all__ = [
    "RESTORE",
    "LeftOut",
    "PackNote",
    "RunSeal",
    "check_sealed",
    "combine_hashes",
    "describe_damage",
    "hash_file",
    "hash_in_background",
    "is_signed_here",
    "read_sealed",
    "read_sealed_json",
    "require_inside",
    "sign",
    "walk_files",
    "write_sealed",
]
