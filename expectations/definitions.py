"""One hash over everything verdicts are judged by: data contracts, suites, dbt project with its catalogue.

Belongs here: that hash. Not here: the version of the code (`foundation.version`), the terms (`settlement`).
"""

from __future__ import annotations

from pathlib import Path

from foundation.canonical import content_id
from foundation.errors import WrongUsage
from foundation.version import hash_tree

SUITES = Path(__file__).parent / "suites"


def definitions_hash(contracts: Path, dbt_project: Path, suites: Path = SUITES) -> str:
    """Hash of three folders' sources. A verdict bound to it is worthless once any of them changes.

    WrongUsage when a folder is missing: the hash of nothing would bind a verdict to nothing.
    """
    folders = {"contracts": contracts, "dbt_project": dbt_project, "suites": suites}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise WrongUsage(f"the folder of the {name} is missing: {folder}.", "give the folder that holds them.")
    return content_id({name: hash_tree(folder) for name, folder in folders.items()})
