"""Where a build finds its lake, its inputs and its database: told to the engine, not written into the project.

Belongs here: the plugin of dbt-duckdb that `profiles.yml` names. Not here: what the paths are (`orchestration.dbt`).

dbt reads its project anew where a variable differs that the profile or a file of YAML asks for: nine seconds. As the
engine asks for them, one reading serves every home (ADR 41).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

# The engine's variable of a folder -> the environment's, and what it is where nothing is built. Models find the
# folder by `getvariable`.
FOLDERS: Mapping[str, tuple[str, str]] = {
    "outturn_lake": ("OUTTURN_LAKE", "lake"),
    "outturn_run_inputs": ("OUTTURN_RUN_INPUTS", "inputs"),
}
DATABASE = "OUTTURN_BUILD_DATABASE"
_MEMORY = ":memory:"


class Plugin(BasePlugin):  # type: ignore[misc]
    """Opens the database that the environment names, and tells every connection the folders."""

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Set the path of the database. ValueError where its name would not be that of the project's relations."""
        path = os.environ.get(DATABASE, _MEMORY)
        if path != _MEMORY and Path(path).stem != creds.database:
            raise ValueError(f"{DATABASE} has to name a file {creds.database}.duckdb, not {Path(path).name}.")
        creds.path = path

    def configure_connection(self, conn: Any) -> None:
        """Where no database is named, one in memory has the name that relations carry."""
        if self.creds is not None and self.creds.path == _MEMORY:
            conn.execute(f"attach '{_MEMORY}' as {self.creds.database}")

    def configure_cursor(self, cursor: Any) -> None:
        """Tell a connection where the folders are: variables of the engine are each connection's own."""
        for name, (variable, otherwise) in FOLDERS.items():
            path = os.environ.get(variable, otherwise).replace("'", "''")
            cursor.execute(f"set variable {name} = '{path}'")
