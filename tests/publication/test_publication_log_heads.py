"""A decision log cut short at its end and sealed again: the manifest, a former release and the next one all say so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from test_publication_verify import _reseal
from typer.testing import CliRunner

from foundation.canonical import content_id, readable_json
from foundation.errors import Refused, WrongUsage
from orchestration.cli import app
from publication.inputs import ReleaseInputs
from publication.log_heads import KEY, heads_of, later_faults, own_faults, require_extension, require_kept
from publication.reader import Unreadable, open_release
from publication.release import build_release
from publication.verify import verify_release
from settlement.approvals import found_agreement
from settlement.decisions import START, LogTampered, head_of, key_from_seed, read_log
from settlement.terms import load_terms

ID = "derbyshire-real-only"
LOG = "members/decisions.jsonl"


def _cut(log: bytes, lines: int = 1) -> bytes:
    return b"".join(raw + b"\n" for raw in log.split(b"\n")[: -1 - lines])


def _set(copy: Path, **entries: Any) -> None:
    """Rewrite entries of a manifest."""
    manifest = json.loads((copy / "manifest.json").read_bytes())
    (copy / "manifest.json").write_bytes(readable_json({**manifest, **entries}))


def _sibling(releases: Path, log: bytes) -> Path:
    """A release of a log, as far as the next one reads it."""
    content = {"format": 1, KEY: heads_of({ID: log})}
    folder = releases / content_id(content)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(readable_json({"release_id": folder.name, **content}))
    return folder


def test_a_manifest_says_how_far_the_log_went(release: Path) -> None:
    """CNI-17: number of entries and hash of the last one."""
    records = read_log((release / LOG).read_bytes())
    held = json.loads((release / "manifest.json").read_bytes())[KEY]
    assert held == {ID: {"entries": len(records), "head": head_of(records)}}
    assert heads_of({ID: b""}) == {ID: {"entries": 0, "head": START}}


def test_a_log_cut_short_and_sealed_again_is_detected(release: Path, copy: Path) -> None:
    log = (copy / LOG).read_bytes()
    short = _cut(log)
    (copy / LOG).write_bytes(short)
    _reseal(copy)
    assert any("what was at its end is gone" in str(one) for one in verify_release(copy))
    # its head rewritten too, the release still agrees with itself in this; no former release agrees with it
    _set(copy, **{KEY: heads_of({ID: short})})
    _reseal(copy)
    assert not [one for one in verify_release(copy) if "its end" in str(one)]
    assert any(one.file == LOG and "what was at its end is gone" in str(one) for one in verify_release(copy, release))
    # and a copy of the log that stands alone is compared with a release or with another copy
    lone = copy.parent / "decisions.jsonl"
    lone.write_bytes(short)
    for former in (release, release / LOG):
        said = CliRunner().invoke(app, ["verify", str(lone), "--after", str(former)])
        assert isinstance(said.exception, LogTampered)
        assert "is gone" in said.exception.message
    said = CliRunner().invoke(app, ["verify", str(release / LOG), "--after", str(lone)])
    assert said.exit_code == 0, said.exception


def test_a_manifest_that_says_nothing_of_a_log_is_named(copy: Path) -> None:
    held = json.loads((copy / "manifest.json").read_bytes())[KEY]
    one = held[ID]
    short = heads_of({ID: _cut((copy / LOG).read_bytes())})
    for entry, words in (
        ({}, "does not say how far members/decisions.jsonl goes"),
        ({**held, "other": one}, "names a decision log of other that is not here"),
        ({ID: {**one, "head": "0" * 64}}, "it is not the same log"),
        (short, "goes on after"),
    ):
        _set(copy, **{KEY: entry})
        assert words in str(list(own_faults(open_release(copy)))), words
    for entry in ({ID: "x"}, {ID: {**one, "entries": -1}}, {ID: {**one, "head": "x"}}):
        _set(copy, **{KEY: entry})
        with pytest.raises(Unreadable, match="cannot be read"):
            list(own_faults(open_release(copy)))
    (copy / LOG).write_bytes(b"")
    with pytest.raises(Unreadable, match="is no decision log"):
        list(own_faults(open_release(copy)))


def test_a_second_log_of_an_agreement_vouches_for_no_first_one(release: Path, copy: Path) -> None:
    """The whole log beside the one cut short, on which the settlement rests: which of the two counts is not guessed."""
    log = (copy / LOG).read_bytes()
    (copy / LOG).write_bytes(_cut(log))
    beside = copy / "members" / "decisions" / f"{ID}.jsonl"
    beside.parent.mkdir()
    beside.write_bytes(log)
    _reseal(copy)
    with pytest.raises(Unreadable, match=f"is a second decision log of {ID}, beside {LOG}"):
        open_release(copy).decision_logs()
    assert any("is a second decision log" in str(one) for one in verify_release(copy, release))


def test_a_former_release_must_remember_the_log(release: Path, copy: Path) -> None:
    _set(copy, **{KEY: {}})
    logs = open_release(release).decision_logs()
    with pytest.raises(WrongUsage, match="remembers no decision log"):
        list(later_faults(copy, logs))
    _set(copy, **{KEY: {"other": {"entries": 1, "head": "0" * 64}}})
    assert "no decision log of other is here" in str(list(later_faults(copy, logs)))
    assert list(later_faults(release, logs)) == []
    said = CliRunner().invoke(app, ["verify", str(release / LOG), "--after", str(copy)])
    assert isinstance(said.exception, WrongUsage)


def test_the_next_release_goes_on_from_every_former_one(inputs: ReleaseInputs, tmp_path: Path) -> None:
    """CNI-17: a log that is shorter than, or another than, that of an earlier release is published by nobody."""
    releases = tmp_path / "releases"
    (given,) = inputs.settlements
    log = given.decisions_jsonl
    folder = _sibling(releases, log)
    (releases / "current").symlink_to(folder.name)
    require_extension(releases, {ID: log, "another": b""})
    with pytest.raises(Refused, match=f"the decision log of {ID} is part of the release {folder.name}, and is gone"):
        require_extension(releases, {"another": b""})
    cut = replace(inputs, settlements=[replace(given, decisions_jsonl=_cut(log))])
    with pytest.raises(Refused, match="is gone when the release") as shorter:
        build_release(cut, releases)
    assert str(folder) in shorter.value.mend
    # as long, and not the same
    last = log.split(b"\n")[-2]
    with pytest.raises(Refused, match="it is not the same log"):
        require_extension(releases, {ID: _cut(log) + last.replace(b"approve", b"reject ") + b"\n"})
    # whoever makes the former release forget it must give that release another id, or is seen
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(readable_json({**manifest, KEY: {}}))
    with pytest.raises(Refused, match="was changed or is gone"):
        require_extension(releases, {ID: log})
    (folder / "manifest.json").unlink()
    with pytest.raises(Refused, match="was changed or is gone"):
        build_release(cut, releases)


def test_an_agreement_that_was_settled_is_left_out_of_no_later_release(
    inputs: ReleaseInputs, release: Path, tmp_path: Path
) -> None:
    """The terms taken out of the home: what was settled, and who decided it, would be in no later release."""
    releases = tmp_path / "releases"
    (releases / release.name).mkdir(parents=True)
    manifest = (release / "manifest.json").read_bytes()
    (releases / release.name / "manifest.json").write_bytes(manifest)
    (given,) = inputs.settlements
    without = replace(inputs, settlements=(), logs={ID: given.decisions_jsonl})
    with pytest.raises(
        Refused, match=f"{release.name} settled {ID}, and nothing of that agreement is settled now"
    ) as no:
        build_release(without, releases)
    assert "`effective_to`" in no.value.mend
    require_kept(releases, {ID, "another"})
    # a folder that a killed run left behind was in force for nobody
    require_kept(releases, set(), {"0" * 64})
    with pytest.raises(Refused, match="nothing of that agreement is settled now"):
        build_release(replace(without, published=[(release.name, date(2025, 10, 1))]), releases)
    # one that was proposed and never settled may be given up: its log stays
    content = {"format": 1, KEY: heads_of({ID: given.decisions_jsonl}), "terms": {}}
    proposed = tmp_path / "proposed"
    (proposed / content_id(content)).mkdir(parents=True)
    (proposed / content_id(content) / "manifest.json").write_bytes(
        readable_json({"release_id": content_id(content), **content})
    )
    require_kept(proposed, set())


def test_the_log_of_an_agreement_of_which_nothing_is_settled_yet_is_held_too(
    inputs: ReleaseInputs, tmp_path: Path
) -> None:
    """CNI-17: who agreed to terms before the first settlement cannot be rewritten after a release either."""
    (given,) = inputs.settlements
    proposed = load_terms(given.terms_yaml.replace(f"id: {ID}".encode(), b"id: another-agreement"))
    log = found_agreement(
        proposed, {party: key_from_seed(b"fixture", party) for party in proposed.party_ids},
        signed_at="2025-03-20T10:00:00Z", place="Exampleshire", approver="chief officer", valid_to="2027-03-31",
    )  # fmt: skip
    founded = read_log(log)
    held = replace(inputs, logs={"another-agreement": log, ID: given.decisions_jsonl})
    made = tmp_path / build_release(held, tmp_path)
    heads = json.loads((made / "manifest.json").read_bytes())[KEY]
    assert heads["another-agreement"] == {"entries": len(founded), "head": head_of(founded)}
    assert (made / "members" / "decisions" / "another-agreement.jsonl").is_file()
    assert not (made / "members" / "decisions" / f"{ID}.jsonl").exists()
    assert list(verify_release(made)) == []
    short = replace(held, logs={"another-agreement": _cut(log)})
    with pytest.raises(Refused, match=r"decision log of another-agreement .* is gone when the release"):
        build_release(short, tmp_path)
    with pytest.raises(Refused, match="decision log of another-agreement is part of the release"):
        build_release(inputs, tmp_path)
