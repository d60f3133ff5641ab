"""Named points at which a demonstration can be made to die or to find its disk full: crashes, tried on purpose.

Belongs here: the names, and what `OUTTURN_FAILPOINT` asks for. Not here: where the points stand; every durable write
passes some (`foundation.durable`), and so do the commits of the build database and of Dagster's history.

A point is called `<place>/<what>:<stage>` after the file's place in its home: `vault/submissions/receipt.json:renamed`,
`lake/folder:synced`, `decisions/log:written`, `releases/pointer:renamed`. The variable holds one of

    <point>[#<n>]=kill   the process kills itself when it passes that point for the n-th time (the first by default)
    <point>[#<n>]=full   from there on every write of the process finds the disk full
    list:<file>          each point passed is added to the file, a line each

It works in a home marked as a demo and is refused everywhere else: no variable may kill a live run.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
from collections import Counter
from pathlib import Path

from foundation.errors import Refused, WrongUsage

VARIABLE = "OUTTURN_FAILPOINT"
MARKER = "home.json"
# Stages at which a write asks for room on the disk.
FILLING = frozenset({"temporary", "written"})
# Files that mean something by their name; the others are told apart by their place alone.
_NAMED = frozenset(
    {
        "analysts.key", "built.json", "cut.json", "dagster.yaml", "filled.json", "manifest.json", "overrides.json",
        "partial_parse.msgpack", "receipt.json", "required.json", "rows.json", "seal.json", "settlement.json",
        "withdrawal.json",
    }
)  # fmt: skip
# Folders of a home whose first level says too little.
_DEEPER = frozenset({"vault", "warehouse"})
_SETTING = re.compile(r"(?P<point>[a-z_./-]+:[a-z_]+)(?:#(?P<nth>[1-9][0-9]*))?=(?P<mode>kill|full)")
_MEND = f"unset {VARIABLE}: it is for trying out crashes in a demonstration."

_passed: Counter[str] = Counter()
# Whether this process has met its full disk.
_full: list[bool] = []


def kind_of(path: Path) -> str:
    """What a file is called in the name of a point."""
    return path.name if path.name in _NAMED else "file"


def failpoint(path: Path, what: str, stage: str) -> None:
    """Pass the point of a durable write at `path`. Does nothing unless the variable is set."""
    if VARIABLE in os.environ:
        _pass(path, what, stage)


def refuse_outside_demo(home: Path) -> None:
    """Refused when the variable is set and the home is not marked as a demo: before anything of it is touched."""
    if VARIABLE in os.environ and not _is_demo(home):
        raise Refused(f"{VARIABLE} is set, and {home} is not the home of a demonstration.", _MEND)


def _is_demo(home: Path) -> bool:
    try:
        settings = json.loads((home / MARKER).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get("demo") is True


def _home_of(path: Path) -> Path:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (a pointer is not followed to what it points at)
    for folder in absolute.parents:
        if (folder / MARKER).exists():
            refuse_outside_demo(folder)
            return folder
    raise Refused(f"{VARIABLE} is set, and what is being written lies in no home of a demonstration.", _MEND)


def point_name(home: Path, path: Path, what: str, stage: str) -> str:
    """The name of a point: place in the home, what is written, stage."""
    folders = Path(os.path.abspath(path)).relative_to(home).parts[:-1]  # noqa: PTH100 (resolve would follow the pointer)
    within = [name for name in folders if not name.startswith(".tmp-")]
    place = "/".join(within[: 2 if within and within[0] in _DEEPER else 1]) or "home"
    return f"{place}/{what}:{stage}"


def _pass(path: Path, what: str, stage: str) -> None:
    setting = os.environ[VARIABLE]
    name = point_name(_home_of(path), path, what, stage)
    if setting.startswith("list:"):
        descriptor = os.open(setting.removeprefix("list:"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(f"{name}\n".encode())
        return
    asked = _SETTING.fullmatch(setting)
    if asked is None:
        raise WrongUsage(f"{VARIABLE} cannot be read.", "give <point>=kill, <point>#<n>=full or list:<file>.")
    _passed[name] += 1
    if name == asked["point"] and _passed[name] == int(asked["nth"] or 1):
        if asked["mode"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        _full.append(True)
        raise _no_space(path)
    if _full and stage in FILLING:
        raise _no_space(path)


def _no_space(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
