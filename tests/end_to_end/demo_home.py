"""One real demo home for the session, made by the command a user types; tests that change it take a copy."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from places import Submission

OUTTURN = Path(sys.executable).parent / "outturn"


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str


def outturn(*words: str, home: Path | None = None, **variables: str) -> Said:
    """Run the installed command in a process of its own."""
    environment = {**os.environ, "COLUMNS": "200", **variables}
    if home is not None:
        environment["OUTTURN_HOME"] = str(home)
    ran = subprocess.run([str(OUTTURN), *words], env=environment, capture_output=True, text=True)
    return Said(ran.returncode, ran.stdout + ran.stderr)


def outturn_here(*words: str, home: Path | None = None, **variables: str) -> Said:
    """The same command by its entry point in this process: same words, same exit code.

    For what is asked many times, and where the process is not the question: a new one imports for seconds.
    """
    from orchestration import cli

    output, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(output):
        patch.setattr(sys, "argv", [str(OUTTURN), *words])
        if home is not None:
            patch.setenv("OUTTURN_HOME", str(home))
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Said(code, output.getvalue())


@dataclass(frozen=True)
class DemoHome:
    root: Path
    said: Said

    @property
    def release(self) -> Path:
        return (self.root / "releases" / "current").resolve()


def _shared_folder(factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a parallel test run."""
    base = factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], str]) -> tuple[Path, str]:
    """A home made by whoever of all workers asks first, and what was said about it."""
    folder = _shared_folder(factory) / name
    folder.mkdir(exist_ok=True)
    home, said = folder / "home", folder / "said.txt"
    with FileLock(folder / "lock"):
        if not said.exists():
            # of somebody who did not get to the end of it
            shutil.rmtree(home, ignore_errors=True)
            said.write_text(make(home))
    return home, said.read_text()


def filled_home(factory: pytest.TempPathFactory, name: str, *words: str, **variables: str) -> DemoHome:
    """A demo home, filled and run once whoever asks first."""

    def fill(home: Path) -> str:
        ran = outturn("demo", *words, home=home, **variables)
        return f"{ran.code}\n{ran.out}"

    home, said = made_once(factory, name, fill)
    code, _, out = said.partition("\n")
    assert code == "0", out
    return DemoHome(home, Said(int(code), out))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    """The demo home nobody may change."""
    return filled_home(tmp_path_factory, "demo")


@pytest.fixture
def copy_of_demo(demo: DemoHome, tmp_path: Path) -> Path:
    """The demo home under another name, to be broken."""
    return Path(shutil.copytree(demo.root, tmp_path / "copy", symlinks=True))


@pytest.fixture
def copy_of_release(demo: DemoHome, tmp_path: Path) -> Path:
    """The current release alone, elsewhere."""
    return Path(shutil.copytree(demo.release, tmp_path / "elsewhere"))


def sent_by(feed: str, organisation: str, month: str) -> Submission:
    """The file of a month that an organisation of the Derbyshire demo sent for a feed."""
    from places import find_place

    return next(
        item
        for item in find_place("derbyshire").submissions()
        if (item.feed, item.organisation) == (feed, organisation) and f"{item.covers_from:%Y-%m}" == month
    )


def tree_hashes(root: Path, leave_out: Callable[[Path], bool] = lambda _: False) -> Mapping[str, str]:
    """Relative name -> SHA-256 of every file below a folder."""
    from foundation.canonical import sha256_file

    return {
        path.relative_to(root).as_posix(): sha256_file(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not leave_out(path)
    }
