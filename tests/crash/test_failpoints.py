"""Failpoints, and what the durable writes leave when a process dies or the disk fills at each of them."""

from __future__ import annotations

import ast
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation import failpoints
from foundation.durable import append_lines, new_directory, remove, set_aside, swap_pointer, sweep, write_bytes
from foundation.errors import Refused, WrongUsage
from foundation.failpoints import VARIABLE, failpoint, point_name, refuse_outside_demo
from foundation.home import Home
from foundation.version import ROOMS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path / "home")
    made.create(demo=True, place="greenwich", residents=10)
    # what a point has counted belongs to one process, and here one process plays several
    monkeypatch.setattr(failpoints, "_passed", failpoints.Counter())
    monkeypatch.setattr(failpoints, "_full", [])
    return made


# every kind of durable write: what it does to a place in a home, and what stands there before and after -----------------


def _file(home: Home) -> None:
    write_bytes(home.submissions / "1" / "receipt.json", b"new")


def _folder(home: Home) -> None:
    with new_directory(home.lake / "new") as draft:
        write_bytes(draft / "part.parquet", b"new")


def _pointer(home: Home) -> None:
    swap_pointer(home.current, "new")


def _log(home: Home) -> None:
    # whoever appends looks first what is there (`settlement.store`)
    if b"new" not in (home.decisions / "a.jsonl").read_bytes():
        append_lines(home.decisions / "a.jsonl", b"new\nnewer\n")


def _removal(home: Home) -> None:
    remove(home.warehouse / "built.json")


def _move(home: Home) -> None:
    if (home.verdicts / "required.json").exists():
        set_aside(home.verdicts / "required.json", home.verdicts / "superseded" / "required.json")


WRITES: dict[str, Callable[[Home], None]] = {
    "vault/submissions/receipt.json": _file,
    "lake/folder": _folder,
    "lake/file": _folder,
    "releases/pointer": _pointer,
    "decisions/log": _log,
    "warehouse/removal": _removal,
    "verdicts/move": _move,
}
STAGES = ("temporary", "written", "synced", "renamed")
POINTS = [
    *(f"vault/submissions/receipt.json:{stage}" for stage in STAGES),
    *(f"lake/folder:{stage}" for stage in STAGES),
    *(f"lake/file:{stage}" for stage in STAGES),
    "releases/pointer:temporary",
    "releases/pointer:renamed",
    *(f"decisions/log:{stage}" for stage in STAGES),
    "warehouse/removal:removed",
    "verdicts/move:renamed",
]


def _begin(home: Home) -> None:
    write_bytes(home.submissions / "1" / "receipt.json", b"old")
    append_lines(home.decisions / "a.jsonl", b"old\n")
    write_bytes(home.warehouse / "built.json", b"old")
    write_bytes(home.verdicts / "required.json", b"old")
    swap_pointer(home.current, "old")


def _state(home: Home) -> dict[str, str]:
    """Everything in the home but temporary names."""
    found = {}
    for path in sorted(home.root.rglob("*")):
        if any(part.startswith(".tmp-") for part in path.parts):
            continue
        name = path.relative_to(home.root).as_posix()
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else "folder"
    return found


def _without_folders(state: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in state.items() if value != "folder"}


def _in_a_process(home: Home, write: Callable[[Home], None], setting: str) -> int:
    """Do a durable write in a process of its own under a failpoint; its exit code."""
    process = os.fork()
    if process == 0:
        code = 70
        try:
            os.environ[VARIABLE] = setting
            write(home)
            code = 0
        except OSError as fault:
            code = 28 if fault.errno == errno.ENOSPC else 71
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("mode", ["kill", "full"])
@pytest.mark.parametrize("point", POINTS)
def test_each_durable_write_leaves_the_old_or_the_new_and_never_half(home: Home, point: str, mode: str) -> None:
    write = WRITES[point.rpartition(":")[0]]
    _begin(home)
    before = _state(home)
    code = _in_a_process(home, write, f"{point}={mode}")
    assert code == (-signal.SIGKILL if mode == "kill" else 28)
    left = _state(home)
    if mode == "full":
        assert list(home.root.rglob(".tmp-*")) == [], "who lives clears up after himself"
    sweep(home.root)
    assert list(home.root.rglob(".tmp-*")) == []
    assert _state(home) == left
    write(home)
    after = _state(home)
    assert before != after
    assert _without_folders(left) in (_without_folders(before), _without_folders(after))
    renamed = point.endswith((":renamed", ":removed")) and point != "lake/file:renamed"
    assert _without_folders(left) == _without_folders(after if renamed else before)


def test_the_points_above_are_those_the_writes_pass(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage that is added is tried above, or this turns red."""
    _begin(home)
    listed = tmp_path / "points"
    monkeypatch.setenv(VARIABLE, f"list:{listed}")
    for write in dict.fromkeys(WRITES.values()):
        write(home)
    assert set(listed.read_text().split()) == set(POINTS)


def test_a_point_is_counted(home: Home) -> None:
    def thrice(home: Home) -> None:
        for number in range(3):
            write_bytes(home.refusals / f"{number}.json", b"x")

    assert _in_a_process(home, thrice, "refusals/file:renamed#3=kill") == -signal.SIGKILL
    assert len(list(home.refusals.iterdir())) == 3
    assert _in_a_process(home, thrice, "refusals/file:renamed#4=kill") == 0


def test_a_full_disk_stays_full(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "refusals/file:written#2=full")
    write_bytes(home.refusals / "one.json", b"x")
    for name in ("two", "three"):
        with pytest.raises(OSError, match="No space left") as stopped:
            write_bytes(home.refusals / f"{name}.json", b"x")
        assert stopped.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="No space left"):
        append_lines(home.decisions / "a.jsonl", b"x\n")
    assert [path.name for path in home.refusals.iterdir()] == ["one.json"]


def test_what_goes_wrong_with_a_file_is_said_of_its_folder(home: Home) -> None:
    """A sender's file may be called by somebody's name."""
    folder = home.submissions / "1"
    folder.mkdir()
    (folder / "zebulonia.csv").mkdir()
    with pytest.raises(OSError, match="submissions") as stopped:
        write_bytes(folder / "zebulonia.csv", b"x")
    assert "zebulonia" not in f"{stopped.value} {stopped.value.filename} {stopped.value.__cause__}"


# only in a demonstration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["refusals/file:written=kill", "refusals/file:written=full", "list:points"])
def test_a_live_home_is_refused_before_anything_is_written(
    tmp_path: Path, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Home(tmp_path / "live")
    live.create(demo=False, place="greenwich")
    before = _state(live)
    monkeypatch.setenv(VARIABLE, setting)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match=f"{VARIABLE} is set"):
        write_bytes(live.refusals / "1.json", b"x")
    with pytest.raises(Refused, match="unset OUTTURN_FAILPOINT"):
        refuse_outside_demo(live.root)
    assert (_state(live), list(tmp_path.iterdir())) == (before, [live.root])


@pytest.mark.parametrize("marker", [None, "", "[]", '{"demo": 1}', '{"demo": "true"}', '{"place": "greenwich"}'])
def test_whatever_does_not_say_demo_is_none(
    tmp_path: Path, marker: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if marker is not None:
        (tmp_path / "home.json").write_text(marker)
    monkeypatch.setenv(VARIABLE, "home/file:written=kill")
    with pytest.raises(Refused, match=VARIABLE):
        write_bytes(tmp_path / "x", b"x")
    assert not (tmp_path / "x").exists()


def test_the_run_of_a_live_home_is_refused(tmp_path: Path) -> None:
    live = Home(tmp_path / "live")
    live.create(demo=False, place="greenwich")
    before = _state(live)
    said = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run", "--period", "2025-06", "--home", str(live.root)],
        env={**os.environ, VARIABLE: "releases/pointer:renamed=kill"},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 1, said.stderr
    assert "refused: OUTTURN_FAILPOINT is set" in said.stderr
    assert _state(live) == before


def test_a_setting_nobody_can_read_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("", "kill", "a:b", "a:b=die", "a:b#0=kill", "a:b#=kill", "a:b=kill "):
        monkeypatch.setenv(VARIABLE, setting)
        with pytest.raises(WrongUsage, match="cannot be read"):
            failpoint(home.refusals / "1.json", "file", "written")


def test_places_have_the_names_of_the_home(home: Home) -> None:
    for path, name in {
        home.submissions / "1" / "x.csv": "vault/submissions/x:y",
        home.lake / "feed=a" / ".tmp-submission=b-01234567" / "month=c" / "part.parquet": "lake/x:y",
        home.warehouse / "inputs" / "current": "warehouse/inputs/x:y",
        home.build_database: "warehouse/x:y",
        home.releases / ".tmp-release-01234567" / "public" / "a.csv": "releases/x:y",
        home.marker: "home/x:y",
    }.items():
        assert point_name(home.root, path, "x", "y") == name


# nothing in the house writes past the durable functions -----------------------------------------------------------------

# Calls that put something on a disk. `open` counts when its mode writes; `replace` of a text does not.
_WRITERS = {
    "os": {"replace", "rename", "renames", "symlink", "link", "truncate", "ftruncate", "write", "pwrite", "unlink",
           "remove"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move"},
}  # fmt: skip
_METHODS = {"write_text", "write_bytes", "symlink_to", "hardlink_to", "unlink", "rename", "touch"}
_TABLES = {"write_table", "ParquetWriter", "NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp"}
# (file, call) -> why it need not last, or how it does
REASONS = {
    ("foundation/failpoints.py", "os.open"): "the list of points, in a demonstration",
    ("foundation/tables.py", "write_table"): "into memory",
    ("foundation/tables.py", "ParquetWriter"): "into memory",
    ("ingest/spill.py", "mkdtemp"): "rows of one file while it is judged; removed, or swept after a kill",
    ("ingest/spill.py", "write_table"): "rows of one file while it is judged; removed, or swept after a kill",
    ("ingest/spill.py", "open(ab)"): "rows of one file while it is judged; removed, or swept after a kill",
    ("orchestration/inputs.py", ".hardlink_to"): "into a draft, which is synced and renamed as a folder",
    ("ingest/identity/links.py", "write_table"): "into memory",
    ("dbt_project/seeds/generate_poisson_limits.py", ".write_text"): "makes a file of the repository, by hand",
    ("dbt_project/seeds/generate_student_t.py", ".write_text"): "makes a file of the repository, by hand",
    ("dbt_project/inline.py", "TemporaryDirectory"): "outside any home, for tests and oracles",
    ("settlement/store.py", "open(ab)"): "a lock: nothing is written into it",
    ("orchestration/lock.py", "os.open"): "the lock itself",
    ("orchestration/signing.py", "os.open"): "a person's own key, outside any home: synced there",
    ("orchestration/lock.py", "os.ftruncate"): "who holds the lock, for a message",
    ("orchestration/lock.py", "os.pwrite"): "who holds the lock, for a message",
    ("orchestration/dbt.py", "shutil.copyfile"): "what dbt read, for other homes: synced in a draft, a hint made again",
    ("orchestration/dbt.py", ".rename"): "what dbt read, for other homes: whole or not there, and made again",
    ("orchestration/bound.py", "os.open"): "a lock: nothing is written into it",
    ("orchestration/defs/warehouse/assets.py", "open(w)"): "nowhere: os.devnull",
    ("orchestration/defs/warehouse/assets.py", ".unlink"): "dbt's results of another run, a hint and no evidence",
    ("orchestration/scratch.py", "open(xb)"): "a scratch copy of the home, which is removed",
    ("orchestration/scratch.py", ".hardlink_to"): "a scratch copy of the home, which is removed",
    ("orchestration/scratch.py", ".symlink_to"): "a scratch copy of the home, which is removed",
    ("orchestration/previewing.py", "shutil.copyfile"): "into the mailbox of a scratch copy, which is removed",
    ("orchestration/printing.py", "TemporaryDirectory"): "pages laid out for the browser; removed",
    ("orchestration/model_docs.py", "TemporaryDirectory"): "dbt's own target, read once and removed",
    ("publication/postgres/rows.py", "ATTACH"): "a release read: nothing is written",
    ("publication/release.py", ".rename"): "from draft to draft: the folder is renamed durably",
    ("publication/warehouse.py", "ATTACH"): "into a draft, which is synced and renamed as a folder",
}


def _mode_writes(call: ast.Call, position: int) -> str | None:
    modes: list[ast.expr] = list(call.args[position : position + 1])
    modes += [item.value for item in call.keywords if item.arg == "mode"]
    for item in modes:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            return item.value if set(item.value) & set("wax+") else None
    return None


def _writes(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(("ATTACH ", "COPY "))
        ):
            found.append(node.value.split()[0])
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name):
            if called.id == "open" and (mode := _mode_writes(node, 1)):
                found.append(f"open({mode})")
            elif called.id in _TABLES:
                found.append(called.id)
        elif isinstance(called, ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            if called.attr in _WRITERS.get(owner, ()):
                found.append(f"{owner}.{called.attr}")
            elif owner == "os" and called.attr == "open" and "O_CREAT" in ast.dump(node):
                found.append("os.open")
            elif (
                called.attr == "open" and owner not in ("os", "tarfile", "zipfile") and (mode := _mode_writes(node, 0))
            ):
                found.append(f"open({mode})")
            elif called.attr in _TABLES:
                found.append(called.attr)
            elif called.attr in _METHODS or (called.attr == "replace" and len(node.args) == 1 and not node.keywords):
                found.append(f".{called.attr}")
    return found


def test_no_write_that_has_to_last_goes_past_the_failpoints(repository: Path) -> None:
    found = {
        (path.relative_to(repository).as_posix(), call)
        for room in (*ROOMS, "places")
        for path in sorted((repository / room).rglob("*.py"))
        if path.relative_to(repository).as_posix() != "foundation/durable.py"
        for call in _writes(ast.parse(path.read_text()))
    }
    assert found - set(REASONS) == set(), "use foundation.durable, or give the reason above"
    assert set(REASONS) - found == set(), "a reason for nothing: take it out"


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('x')",
        "path.open('w')",
        "open(path, mode='ab')",
        "os.replace(a, b)",
        "path.replace(other)",
        "shutil.copy(a, b)",
        "connection.execute('COPY t TO x')",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "pq.write_table(t, path)",
    ],
)
def test_the_search_for_writes_can_find(line: str) -> None:
    assert _writes(ast.parse(line))
    assert not _writes(ast.parse("text.replace('a', 'b'); open(path); path.open('rb'); os.open(path, os.O_RDONLY)"))


def test_without_the_variable_a_point_is_one_look(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    def never(*_: object) -> None:
        raise AssertionError("nothing is looked at")

    monkeypatch.setattr(failpoints, "_pass", never)
    write_bytes(home.refusals / "1.json", json.dumps({}).encode())
