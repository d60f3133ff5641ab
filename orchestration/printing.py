"""`outturn print`: the public pages of a release as PDF, for a board that meets on paper.

Belongs here: proving the release, running Chromium without a network, writing the folder, whole or not at all.
Not here: what is printed (`publication.printed`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from foundation.durable import new_directory, write_bytes
from foundation.errors import Refused, SystemFault, WrongUsage
from orchestration.progress import say

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 120
# no name is resolved, so that no request can leave; a page that asked for one would show a gap
_ALONE = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)  # fmt: skip
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}[^)]*\)")


def write_prints(release_path: Path, to: Path) -> None:
    """Print into a new folder. Refused when the release does not verify; WrongUsage when the folder is there."""
    from publication.printed import documents, shared_files
    from publication.reader import open_release
    from publication.verify import verify_release

    if to.exists():
        raise WrongUsage(f"{to} is there already.", "name a folder that is not there yet: prints are never mixed.")
    release = open_release(release_path)
    if not release.has("public"):
        raise WrongUsage(f"{release_path} has no public part.", "name a copy that holds public/.")
    report = verify_release(release_path)
    if report.problems:
        raise Refused(
            f"the release does not prove itself, so nothing of it is printed: {report.problems[0]}",
            "run `outturn verify` to see all of it, and get a fresh copy.",
        )
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemFault("there is no Chromium to print with.", "install it, e.g. with `apt-get install chromium`.")
    pages = documents(release, "; ".join([f"{report.summary}, nothing differs", *report.notes]))
    to.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="outturn-print-") as scratch, new_directory(to) as draft:
        desk = Path(scratch)
        for name, content in {**shared_files(), **{f"{name}.html": raw for name, raw in pages.items()}}.items():
            (desk / name).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(desk / name, content)
        for name in pages:
            write_bytes(draft / f"{name}.pdf", _printed(browser, desk, name))
    for name in pages:
        say("printed", str(to / f"{name}.pdf"))


def _printed(browser: str, desk: Path, name: str) -> bytes:
    """One document as a tagged PDF, with the day of printing taken out: the same release prints alike."""
    made = desk / f"{name}.pdf"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [browser, *_ALONE, *root, f"--user-data-dir={desk / 'profile'}", f"--print-to-pdf={made}",
               (desk / f"{name}.html").as_uri()]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - our own arguments
        raw = made.read_bytes()
    except (OSError, subprocess.SubprocessError) as fault:
        raise SystemFault(f"Chromium could not print {name} ({type(fault).__name__}).", "try again.") from None
    return _DATES.sub(lambda found: _day_of_nothing(found[0], found[1]), raw)


def _day_of_nothing(found: bytes, name: bytes) -> bytes:
    """The entry with the earliest date, as long as before: a PDF counts its bytes."""
    return (b"/" + name + b" (D:19800101000000+00'00')").ljust(len(found))[: len(found)]
