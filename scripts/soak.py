"""The long tests. Appends date, command and result to docs/reference/evidence.md."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
EVIDENCE = REPOSITORY / "docs" / "reference" / "evidence.md"


def main() -> None:
    command = [sys.executable, "-m", "pytest", "tests", "-m", "soak", "-p", "no:randomly"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    print(ran.stdout, ran.stderr, sep="\n")
    last = next((line for line in reversed(ran.stdout.splitlines()) if line.strip()), "nothing was printed")
    with EVIDENCE.open("a", encoding="utf-8") as page:
        page.write(f"| {datetime.now(tz=UTC):%Y-%m-%d} | `make soak` | {last.strip('= ')} |\n")
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
