"""Compile SQL that uses the project's macros, without building anything.

Belongs here: the one way in which code outside a dbt run gets at a macro's SQL, so that an oracle or a property test
executes the very macro a release uses. Not here: running it, and any SQL.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from foundation.errors import SystemFault

PROJECT = Path(__file__).resolve().parent
MARK = "-- statement: "


def compile_statements(text: str) -> dict[str, str]:
    """Name -> compiled SQL of the statements in `text`, each headed by a line `-- statement: <name>`.

    One dbt invocation for all of them (some seconds, mostly reading the project). Everything dbt writes goes into a
    temporary folder. SystemFault when dbt cannot compile it.
    """
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory(prefix="outturn-compile-") as scratch:
        where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", f"{scratch}/target"]
        result = dbtRunner().invoke(
            ["--log-level", "none", "--log-path", scratch, "compile", "--quiet", "--inline", text, *where]
        )
        if not result.success or result.result is None:
            raise SystemFault(
                f"dbt could not compile the statements: {result.exception}", f"mend {PROJECT / 'macros'}."
            )
        compiled: str = result.result[0].node.compiled_code
    parts = (part.split("\n", 1) for part in compiled.split(MARK)[1:])
    return {name.strip(): statement for name, statement in parts}
