"""An entry is signed when it says (CNI-17): taken in within a week, and held by every release published long after it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from governance_world import CFO, Log, live_terms, log_without
from settlement_world import log_for
from typer.testing import CliRunner

from foundation.canonical import content_id, readable_json
from foundation.errors import Refused
from foundation.home import Home
from orchestration import deciding
from orchestration.cli import app
from orchestration.dating import back_dated_entries, require_true_dates
from orchestration.settling import settle_due
from publication.log_heads import KEY, heads_of
from settlement import store
from settlement.dating import Published, back_dated, receipt_fault
from settlement.decisions import read_log

PLAIN = live_terms()
ID, COUNCIL = PLAIN.id, "city-council"


def _vote(log: Log, day: str) -> None:
    log.add("terms_voted", COUNCIL, day, approver=CFO, terms_hash=PLAIN.terms_hash, vote="approve", conflicts=[])


@pytest.mark.parametrize(
    ("received", "words"),
    [
        ("2024-03-31T10:00:00Z", ""),
        ("2024-03-31T09:00:00Z", ""),  # clocks differ
        ("2024-03-31T08:59:59Z", "before that"),
        ("2024-04-07T10:00:00Z", ""),
        ("2024-04-07T10:00:01Z", "more than 7 days late"),
    ],
)
def test_an_entry_comes_in_within_a_week_of_its_date(tmp_path: Path, received: str, words: str) -> None:
    log = log_without(PLAIN, COUNCIL)
    before = log.raw
    _vote(log, "2024-03-31")
    entry = log.raw.removeprefix(before)
    assert words in (receipt_fault(log.records[-1], received) or "")
    assert bool(words) == (receipt_fault(log.records[-1], received) is not None)
    store.append_signed(tmp_path, ID, before, "2024-03-20T10:00:00Z")
    if words:
        with pytest.raises(Refused, match=words) as refused:
            store.append_signed(tmp_path, ID, entry, received)
        assert "sign again" in refused.value.mend
        assert store.read_bytes(tmp_path, ID) == before
    else:
        (record,) = store.append_signed(tmp_path, ID, entry, received)
        assert record == log.records[-1]


def test_what_a_release_did_not_hold_was_not_signed_a_week_and_a_day_before_it() -> None:
    """The day is the run's: it reads the log, settles on it and publishes; what comes in between is in no release."""
    log = log_without(PLAIN, COUNCIL)
    held = len(log.records)
    _vote(log, "2024-03-31")

    def found(at: str, entries: int = held) -> dict[int, str]:
        return back_dated(log.records, [Published("a" * 64, at, entries), Published("b" * 64, at, entries)])

    # signed elsewhere, taken in on the last day allowed, after the run had read the log and before it published
    assert receipt_fault(log.records[-1], "2024-04-07T09:59:00Z") is None
    assert found("2024-04-07T10:30:00Z") == {}
    assert found("2024-04-08T10:00:00Z") == {}
    assert found("2024-04-08T10:00:01Z", held + 1) == {}
    assert list(found("2024-04-08T10:00:01Z")) == [held + 1]
    assert (
        "the release aaaaaaaaaaaaaaaa, published at 2024-04-08T10:00:01Z, did not"
        in found("2024-04-08T10:00:01Z")[held + 1]
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose one release, published on 1 May 2024, holds the log of all but the city council."""
    made = Home(tmp_path / "home")
    made.create(demo=True, place="derbyshire")
    log = log_without(PLAIN, COUNCIL).raw
    store.append_signed(made.decisions, ID, log, "2024-03-20T10:00:00Z")
    content = {"format": 1, KEY: heads_of({ID: log, "another": b""})}
    release = made.releases / content_id(content)
    release.mkdir(parents=True)
    (release / "manifest.json").write_bytes(readable_json({"release_id": release.name, **content}))
    deciding.record_publication(made, release.name, datetime(2024, 5, 1, 9, tzinfo=UTC))
    return made


def _write(home: Home, log: Log) -> None:
    """Entries signed elsewhere, put into the file by hand, and the head that remembers its end with them."""
    (home.decisions / f"{ID}.head.json").unlink()
    store.log_path(home.decisions, ID).unlink()
    store.append_signed(home.decisions, ID, b"", "2024-05-02T10:00:00Z")
    for record, line in zip(log.records, log.raw.splitlines(keepends=True), strict=True):
        store.append_signed(home.decisions, ID, line, record.signed_at)


def test_a_run_settles_nothing_on_an_entry_dated_back_past_a_release(home: Home) -> None:
    """A vote that came after the period had opened and the release of May was out, dated to the last day before."""
    require_true_dates(home, ID)
    log = log_without(PLAIN, COUNCIL)
    number = len(log.records) + 1
    _vote(log, "2024-03-31")
    _write(home, log)
    assert list(back_dated_entries(home, ID, log.records)) == [number]
    agreement: Any = SimpleNamespace(terms=PLAIN)
    cycle: Any = SimpleNamespace(home=home)
    with pytest.raises(Refused, match=f"entry {number} .* is back-dated: it is dated 2024-03-31T10:00:00Z") as refused:
        settle_due(cycle, [agreement], PLAIN.agreement.effective_from, {})
    assert "restore the log" in refused.value.mend
    said = CliRunner().invoke(app, ["decisions", ID, "--home", str(home.root)])
    assert said.exit_code == 0, said.exception
    assert said.output.count("BACK-DATED") == 1
    # signed with its own day, the same vote stands in the log (and, by the terms, comes too late)
    honest = log_without(PLAIN, COUNCIL)
    _vote(honest, "2024-05-02")
    _write(home, honest)
    require_true_dates(home, ID)
    # a release that is gone proves nothing any more; one whose manifest was changed is no proof either way
    _write(home, log)
    (release,) = home.releases.iterdir()
    (release / "manifest.json").write_bytes(b"{}")
    with pytest.raises(Refused, match="it proves no decision log"):
        require_true_dates(home, ID)
    (release / "manifest.json").unlink()
    release.rmdir()
    require_true_dates(home, ID)


def test_a_release_put_in_force_again_says_nothing_of_what_was_signed_since(home: Home) -> None:
    """The release of May, in force again in July, lacks the vote of June, which was signed on its own day."""
    log = log_without(PLAIN, COUNCIL)
    _vote(log, "2024-06-03")
    _write(home, log)
    (release,) = home.releases.iterdir()
    for name, month in (("f" * 64, 6), (release.name, 7)):
        deciding.record_publication(home, name, datetime(2024, month, 20, 9, tzinfo=UTC))
    require_true_dates(home, ID)


def test_a_release_nobody_wrote_down_is_dated_by_its_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later run writes down what a killed one published: at its own moment an honest entry in between would look dated
    back."""
    home = Home(tmp_path / "home")
    home.create(demo=False, place="derbyshire")
    now = datetime(2025, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(deciding, "moment_of", lambda home: now)
    seal = home.releases / "one" / "seal.json"
    seal.parent.mkdir(parents=True)
    seal.write_bytes(b"{}")
    home.current.symlink_to("one")
    for made, wanted in ((datetime(2025, 5, 1, tzinfo=UTC),) * 2, (datetime(2025, 7, 1, tzinfo=UTC), now)):
        os.utime(seal, (made.timestamp(),) * 2)
        assert deciding.moment_published(home) == wanted
    # never before what was written down last
    os.utime(seal, (0, 0))
    log = read_log(log_for(PLAIN))
    monkeypatch.setattr(store, "read_records", lambda folder, name: log)
    assert deciding.moment_published(home) == datetime(2024, 3, 20, 10, tzinfo=UTC)
