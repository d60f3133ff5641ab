"""`outturn docs`: every model, column, source and exposure of the dbt project as one page that asks for nothing.

Belongs here: dbt's own page of documentation with the project put into it, and what is taken out first. Not here: what
the models say (dbt_project), or a release: the page needs scripts to draw the graph, and a release's pages have none.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foundation.durable import write_bytes
from foundation.errors import SystemFault, WrongUsage
from orchestration.dbt import EXECUTABLE, PROJECT, shared_reading
from orchestration.progress import say

# When it was made, by which process and on whose machine: the same project gives the same page.
_NOBODYS: dict[str, Any] = {
    "generated_at": "", "invocation_id": "", "invocation_started_at": "", "run_started_at": "", "user_id": None,
    "project_id": None, "created_at": 0, "env": {}, "root_path": "", "send_anonymous_usage_stats": False,
}  # fmt: skip
# The page runs its own scripts and reaches nothing, not even the files beside it.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)


def _scrubbed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _NOBODYS[key] if key in _NOBODYS else _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return value


def _inline(document: Any) -> str:
    # a text in the project must not end the script it stands in
    return json.dumps(document, sort_keys=True, ensure_ascii=True).replace("</", "<\\/")


def page_of(manifest: Mapping[str, Any]) -> bytes:
    """dbt's page with this manifest in it. The same project gives the same bytes, whoever read it, when and where.

    SystemFault when dbt's page is not as expected, or when a path of this machine would stand in it.
    """
    spec = find_spec("dbt.task.docs")
    if spec is None or spec.origin is None:
        raise SystemFault("dbt's own page of documentation is not installed.", "run `make setup`.")
    page = (Path(spec.origin).parent / "index.html").read_text()
    catalog = {"metadata": {"generated_at": ""}, "nodes": {}, "sources": {}, "errors": None}
    for name, document in (("MANIFEST", _scrubbed(manifest)), ("CATALOG", catalog)):
        place = f'"{name}.JSON INLINE DATA"'
        if page.count(place) != 1:
            raise SystemFault("dbt's page has no place for the project.", "report the version of dbt-core.")
        page = page.replace(place, _inline(document))
    page = page.replace("<head>", "<head>" + _POLICY, 1)
    for path in (str(PROJECT), str(PROJECT.parent), str(Path.home())):
        if len(path) > 1 and (path + "/") in page:
            raise SystemFault("a path of this machine would stand in the page.", "report it: nothing was written.")
    return page.encode()


def read_project() -> dict[str, Any]:
    """The project as dbt reads it, of no home in particular. SystemFault when dbt cannot read it."""
    if (kept := shared_reading() / "manifest.json").exists():
        of_homes: dict[str, Any] = json.loads(kept.read_bytes())
        return of_homes
    with tempfile.TemporaryDirectory() as scratch:
        ran = subprocess.run(  # noqa: S603 (our own dbt, our own words)
            [str(EXECUTABLE), "--quiet", "--no-use-colors", "--log-path", scratch, "parse", "--no-partial-parse",
             "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", scratch],
            env={**os.environ, "DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ran.returncode != 0:
            raise SystemFault(f"dbt could not read its project: {ran.stdout.strip()[-600:]}", f"mend {PROJECT}.")
        found: dict[str, Any] = json.loads((Path(scratch) / "manifest.json").read_bytes())
        return found


def write_docs(out: Path) -> None:
    """Write the page. WrongUsage when the file is there already."""
    if out.exists():
        raise WrongUsage(f"{out} is there already.", "name a file that is not there yet.")
    write_bytes(out, page_of(read_project()))
    say("written", f"{out}: open it in a browser; it asks for nothing")
