"""Whoever begins at the README, or at the index of the documentation, gets to every page of it by links."""

from __future__ import annotations

import re
from pathlib import Path


def _linked(page: Path) -> set[Path]:
    found = re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in found if not target.startswith(("http", "mailto:"))}


def reached(start: Path) -> set[Path]:
    """Pages a reader gets to from one, itself among them; of a folder that is linked, those it lists."""
    seen: set[Path] = set()
    waiting = {start.resolve()}
    while waiting:
        page = waiting.pop()
        if page.is_dir():
            waiting |= {path.resolve() for path in page.glob("*.md")} - seen
        elif page.suffix == ".md" and page.is_file():
            seen.add(page)
            waiting |= _linked(page) - seen
    return seen


def test_every_page_of_the_documentation_is_reached(repository: Path) -> None:
    from_index = reached(repository / "docs" / "README.md")
    pages = {path.resolve() for path in (repository / "docs").rglob("*.md")}
    assert pages
    assert sorted(path.relative_to(repository).as_posix() for path in pages - from_index) == []
    assert (repository / "docs" / "README.md").resolve() in reached(repository / "README.md")


def test_a_page_nobody_links_to_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("[one](one.md#part) and [many](many/)")
    (tmp_path / "one.md").write_text("[back](README.md) [out](https://example.org/two.md)")
    (tmp_path / "two.md").write_text("alone")
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "three.md").write_text("listed")
    assert {path.name for path in reached(tmp_path / "README.md")} == {"README.md", "one.md", "three.md"}
