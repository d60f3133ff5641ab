"""Which code produced a figure: the package's version and a hash of every file that can change a figure."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOMS = ("foundation", "ingest", "expectations", "dbt_project", "settlement", "publication", "orchestration")
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".html", ".css", ".j2", ".svg", ".json"}
_PRODUCED = {"target", "logs", "dbt_packages", "__pycache__"}
PRODUCT = Path(__file__).resolve().parent.parent


def hash_tree(root: Path, suffixes: set[str] | None = None) -> str:
    """Hex SHA-256 over the relative names and bytes of a folder's source files, in name order."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not path.is_file() or _PRODUCED & set(relative.parts):
            continue
        if path.suffix not in (suffixes or SUFFIXES):
            continue
        digest.update(relative.as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """`<package version>+<first 12 digits of the source hash>`, the same in every clone of a commit."""
    try:
        number = version("outturn")
    except PackageNotFoundError:
        number = "0"
    digest = hashlib.sha256("".join(hash_tree(PRODUCT / room) for room in ROOMS).encode())
    return f"{number}+{digest.hexdigest()[:12]}"
