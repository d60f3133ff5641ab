"""Five audiences × every folder and file of a release: what is handed out, and every denial for real."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.canonical import content_id, readable_json
from foundation.errors import Refused, WrongUsage
from publication.crosscheck import relative_names
from publication.release import seal_of
from publication.share import AUDIENCES, files_for, share
from publication.verify import verify_release

# Who may have which folder, a second time and by hand.
FOLDERS = {
    "public": {"public", "commissioner", "member", "analyst", "engineer"},
    "members": {"commissioner", "member"},
    "analyst": {"analyst"},
}
EVERYBODYS = {"manifest.json", "seal.json"}


@pytest.fixture(scope="module")
def copies(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each audience was given."""
    root = tmp_path_factory.mktemp("shared")
    root.chmod(0o755)
    for audience in AUDIENCES:
        share(release, audience, root / audience)
    return {audience: root / audience for audience in AUDIENCES}


def test_a_release_has_no_folder_that_is_not_in_the_matrix(release: Path) -> None:
    assert {path.name for path in release.iterdir()} == set(FOLDERS) | EVERYBODYS
    assert set(AUDIENCES) == set.union(*FOLDERS.values())


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_five_audiences_and_every_folder(release: Path, copies: dict[str, Path], audience: str, folder: str) -> None:
    """All of a folder, byte for byte, or nothing of it: not its name, and not a file of it under another."""
    given = {name for name in relative_names(copies[audience]) if name.startswith(f"{folder}/")}
    if audience in FOLDERS[folder]:
        assert given == {name for name in relative_names(release) if name.startswith(f"{folder}/")}
        assert all((copies[audience] / name).read_bytes() == (release / name).read_bytes() for name in given)
        return
    assert not (copies[audience] / folder).exists() and not given
    unlike = {path.read_bytes() for path in (release / "public").rglob("*") if path.is_file()}
    kept_back = {path.read_bytes() for path in (release / folder).rglob("*") if path.is_file()} - unlike
    assert not kept_back & {path.read_bytes() for path in copies[audience].rglob("*") if path.is_file()}


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_what_was_handed_out_proves_itself(copies: dict[str, Path], audience: str) -> None:
    assert not verify_release(copies[audience]).problems
    assert relative_names(copies[audience]) >= EVERYBODYS
    entries = json.loads((copies[audience] / "manifest.json").read_bytes())["files"]
    allowed = set(AUDIENCES[audience])
    assert {entries[name]["classification"] for name in relative_names(copies[audience]) - EVERYBODYS} <= allowed


def test_the_public_names_no_member(copies: dict[str, Path]) -> None:
    for audience in ("public", "engineer", "analyst"):
        for path in copies[audience].rglob("*"):
            if path.is_file() and path.suffix in (".html", ".csv", ".json") and path.name not in EVERYBODYS:
                assert "mental-health-trust" not in path.read_text(), path


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_only_the_public_part_is_readable_by_everybody(copies: dict[str, Path], audience: str) -> None:
    for path in (copies[audience], *copies[audience].rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert not mode & 0o022, path
        assert bool(mode & 0o004) == (AUDIENCES[audience] == ("public",)), path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as somebody else")
@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_somebody_outside_the_group_is_denied_every_file(copies: dict[str, Path], audience: str) -> None:
    """Tried for real as a user without rights; folders above belong to the test and are opened for it."""
    for above in copies[audience].parents:
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    names = sorted(relative_names(copies[audience]))
    tries = 'while read -r name; do if true < "$0/$name"; then echo read; else echo denied; fi; done 2> /dev/null'
    ran = subprocess.run(["/bin/sh", "-c", tries, str(copies[audience])], input="\n".join([*names, ""]),
                         capture_output=True, text=True, cwd="/", user=65534, group=65534, extra_groups=[])  # fmt: skip
    public = AUDIENCES[audience] == ("public",)
    assert ran.stdout.split() == ["read" if public else "denied"] * len(names)


def _sealed_again(copy: Path, change: Callable[[dict[str, dict[str, str]]], None]) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    manifest.pop("release_id")
    change(manifest["files"])
    (copy / "manifest.json").write_bytes(readable_json({"release_id": content_id(manifest), **manifest}))
    (copy / "seal.json").write_bytes(readable_json(seal_of(copy)))


def test_a_file_that_is_classified_wrongly_goes_to_nobody(copy: Path, tmp_path: Path) -> None:
    for wrong in ("public", "secret", None):
        _sealed_again(copy, lambda files, to=wrong: files["members/ledger.csv"].update(classification=to))  # type: ignore[misc]
        for audience in AUDIENCES:
            with pytest.raises(Refused, match=r"members/ledger\.csv is classified as"):
                share(copy, audience, tmp_path / audience)
            assert not (tmp_path / audience).exists()


def test_what_is_changed_linked_or_there_already_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="is no audience"):
        files_for(copy, "everybody")
    (tmp_path / "there").mkdir()
    with pytest.raises(WrongUsage, match="is there already"):
        share(copy, "public", tmp_path / "there")
    # a link has the bytes that were sealed, and leads out of its folder
    page = copy / "public" / "data" / "statement.csv"
    outside = Path(shutil.move(page, tmp_path / "statement.csv"))
    page.symlink_to(outside)
    with pytest.raises(Refused, match="is a link"):
        share(copy, "public", tmp_path / "linked")
    page.unlink()
    shutil.copy(outside, page)
    page.write_bytes(page.read_bytes() + b"\n")
    with pytest.raises(Refused, match=r"does not verify, public/data/statement\.csv"):
        share(copy, "public", tmp_path / "changed")
    assert not (tmp_path / "linked").exists() and not (tmp_path / "changed").exists()


def test_audiences_are_the_roles_of_the_shared_warehouse() -> None:
    """Who may not have a folder may not read the schema either, and the other way round."""
    from publication.postgres.layout import AREAS, READERS

    assert tuple(AUDIENCES) == READERS
    parts = {"public": "public", "members": "members only", "analyst": "restricted"}
    for area in AREAS:
        if area.name in parts:
            assert set(area.readers) == {name for name, has in AUDIENCES.items() if parts[area.name] in has}
