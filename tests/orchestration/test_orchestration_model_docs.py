"""The page of the models: the project whole, nothing of the machine, nothing asked of anybody."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from foundation.errors import SystemFault, WrongUsage
from orchestration import model_docs


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return model_docs.read_project()


def test_the_page_is_the_same_whoever_makes_it(manifest: dict[str, Any], repository: Path) -> None:
    page = model_docs.page_of(manifest)
    other = copy.deepcopy(manifest)
    other["metadata"] |= {"generated_at": "2031-01-01T00:00:00Z", "invocation_id": "x", "user_id": "id-of-a-machine"}
    for node in other["nodes"].values():
        node["created_at"] = 7.5
    assert model_docs.page_of(other) == page
    text = page.decode()
    for word in (str(repository), str(Path.home()) + "/", manifest["metadata"]["invocation_id"], "id-of-a-machine"):
        assert word not in text
    assert "Content-Security-Policy" in text and "default-src 'none'" in text


def test_the_page_holds_models_columns_and_exposures(manifest: dict[str, Any]) -> None:
    text = model_docs.page_of(manifest).decode()
    held = json.loads(re.search(r'manifest:(\{.*?\}),catalog:\{"errors"', text, re.S).group(1))  # type: ignore[union-attr]
    assert set(held["exposures"]) == set(manifest["exposures"]) and len(held["exposures"]) >= 3
    assert held["nodes"]["model.outturn.kpi_return"]["columns"]["value"]["description"]
    assert {"model.outturn.measures", "model.outturn.kpi_return"} <= set(held["child_map"])


def test_a_text_of_the_project_cannot_end_the_script(manifest: dict[str, Any]) -> None:
    planted = copy.deepcopy(manifest)
    planted["nodes"]["model.outturn.measures"]["description"] = "</script><script>alert(1)</script>"
    assert "</script><script>alert(1)" not in model_docs.page_of(planted).decode()


def test_a_path_of_the_machine_is_refused(manifest: dict[str, Any], repository: Path) -> None:
    planted = copy.deepcopy(manifest)
    planted["nodes"]["model.outturn.measures"]["description"] = f"{repository}/somewhere"
    with pytest.raises(SystemFault, match="a path of this machine"):
        model_docs.page_of(planted)


def test_the_page_asks_for_nothing(manifest: dict[str, Any], tmp_path: Path, browser: Any) -> None:
    """Opened in a browser: the overview is drawn, and no request leaves the file."""
    path = tmp_path / "docs.html"
    path.write_bytes(model_docs.page_of(manifest))
    asked: list[str] = []
    got: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfinished", lambda request: got.append(request.url))
    # five megabytes of script: on a busy machine that takes longer than a page of the site
    page.goto(path.as_uri() + "#!/model/model.outturn.kpi_return", timeout=180_000)
    page.wait_for_selector("h1:has-text('kpi_return')", timeout=180_000)
    text = page.inner_text("body")
    page.close()
    assert "kpi_return" in text and "Columns" in text
    # dbt's page names pictures beside itself before it has filled their names in: its policy lets none be fetched
    assert [url for url in asked if url.startswith(("http", "ws", "ftp"))] == []
    assert {url.partition("#")[0] for url in got if url.startswith("file:")} == {path.as_uri()}


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "docs.html").touch()
    with pytest.raises(WrongUsage, match="is there already"):
        model_docs.write_docs(tmp_path / "docs.html")
