"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a socket file and by nothing else."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

PORT = "54329"
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=", "max_connections=40",
         "shared_buffers=32MB", "autovacuum=off", "log_min_messages=warning")  # fmt: skip


def binaries() -> Path:
    """Folder of the newest server here. In CI its absence is a failure, elsewhere a skip by name."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed: `make setup` installs it with apt")
        pytest.skip("PostgreSQL is not installed")
    return found[-1].parent


def _as_nobody() -> dict[str, Any]:
    """A server refuses to run as root, so that root starts it as somebody without powers."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise AssertionError("there is no user to run PostgreSQL as")


class Server:
    """A running cluster. `dsn` names a database and a login; every local login is trusted but `secretive`."""

    def __init__(self, root: Path) -> None:
        self.root, self.data, self.bin, self.who = root, root / "data", binaries(), _as_nobody()
        self.databases = 0

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                              timeout=120, **self.who)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        options = " ".join(f"-c {one}" for one in _FAST)
        # its own output would otherwise hold the pipe open for as long as it runs
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", "-t", "60", "-l", str(self.root / "log"),
                  "-o", f"-k {self.root} -p {PORT} {options}", "start")  # fmt: skip

    def stop(self, how: str = "immediate") -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.data), "-m", how, "-w", "stop")

    def create(self) -> None:
        self._run(str(self.bin / "initdb"), "-D", str(self.data), "-U", "admin", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        rules = self.data / "pg_hba.conf"
        rules.write_text("local all secretive scram-sha-256\n" + rules.read_text())
        self.start()

    def dsn(self, database: str, user: str = "admin") -> str:
        return f"host={self.root} port={PORT} dbname={database} user={user}"

    def new_database(self) -> str:
        self.databases += 1
        name = f"warehouse{self.databases}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as admin:
            admin.execute(f"create database {name} template template0 encoding 'UTF8'")
        return name

    @property
    def log(self) -> str:
        return (self.root / "log").read_text()


@contextmanager
def running() -> Iterator[Server]:
    """A cluster that is gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = Server(root)
        if server.who:
            os.chown(root, server.who["user"], server.who["group"])
        server.create()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)
