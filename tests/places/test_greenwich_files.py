"""The files senders would make: the same bytes twice, windows without gaps, manifests that hold."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from foundation.errors import WrongUsage
from places import find_place
from places.base import Submission
from places.greenwich import files, truth
from places.greenwich.truth import Decided, decided

FIRST, LAST = date(2023, 4, 1), date(2025, 6, 30)


@pytest.fixture(scope="module")
def sent(small: Decided) -> list[Submission]:
    return list(small.submissions())


def _rows(item: Submission) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(item.content.decode())))


def test_the_same_seed_makes_the_same_bytes(small: Decided, sent: list[Submission]) -> None:
    """Two drawings send the same files; another seed sends others."""
    again = decided(small.world.residents, small.world.seed)
    # the second is asked in another order: files first, truth after
    hashes = [(item.file_name, hashlib.sha256(item.content).hexdigest()) for item in again.submissions()]
    assert hashes == [(item.file_name, hashlib.sha256(item.content).hexdigest()) for item in sent]
    assert again.truth() == small.truth()
    other = decided(small.world.residents, small.world.seed + 1)
    assert other.truth() != small.truth()


def test_the_truth_touches_no_file(monkeypatch: pytest.MonkeyPatch, small: Decided) -> None:
    """Truth is told although making a file, or reading one, would fail."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the truth made or read a file")

    monkeypatch.setattr(files, "submission", refuse)
    monkeypatch.setattr(files, "csv_bytes", refuse)
    monkeypatch.setattr(Submission, "__post_init__", refuse, raising=False)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    fresh = Decided(small.world)
    assert fresh.truth() == small.truth()
    assert len(fresh.people()) > 40


def test_manifests_state_what_the_file_holds(sent: list[Submission], tmp_path: Path) -> None:
    assert len({(item.organisation, item.file_name) for item in sent}) == len(sent)
    for item in sent:
        rows = _rows(item)
        assert item.rows == len(rows)
        assert item.content.endswith(b"\n")
        assert b'"' not in item.content
        organisation = {next(iter(row.values())).strip() for row in rows}
        assert organisation <= {item.organisation}
        totals = dict(item.control_totals)
        if item.feed == "cost_ledger":
            assert sum(Decimal(row["amount"]) for row in rows) == Decimal(totals["amount"])
        else:
            assert not totals
    path = sent[0].write(tmp_path)
    assert (path.parent / sent[0].file_name).read_bytes() == sent[0].content


def test_every_required_sender_covers_every_day(sent: list[Submission]) -> None:
    """GRW-45: a required feed has no day without a file, so that nothing is missing unless it is taken away."""
    covered = defaultdict(set)
    for item in sent:
        for number in range((item.covers_to - item.covers_from).days + 1):
            covered[item.feed, item.organisation].add(item.covers_from + timedelta(number))
    required = next(item for item in sent if item.feed == "reference_organisations")
    days = {FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)}
    rows = _rows(required)
    assert len({row["feed"] for row in rows}) == 20
    for row in rows:
        assert days <= covered[row["feed"], row["member_organisation"]], row


@pytest.mark.parametrize(
    ("feed", "months", "number"),
    [
        ("deaths", 12, 9),
        ("nhs_health_checks", 12, 54),
        ("pcn_long_term_conditions", 3, 54),
        ("pcn_achievement", 3, 54),
        ("sexual_health", 3, 9),
        ("cost_ledger", 1, 72),
        ("pcn_register", None, 18),
        ("reference_practices", None, 1),
    ],
)
def test_windows(sent: list[Submission], feed: str, months: int | None, number: int) -> None:
    of_feed = [item for item in sent if item.feed == feed]
    assert len(of_feed) == number
    for item in of_feed:
        assert item.covers_from.day == 1
        assert (item.covers_to + timedelta(1)).day == 1
        if months is not None:
            long = (
                (item.covers_to.year - item.covers_from.year) * 12 + item.covers_to.month - item.covers_from.month + 1
            )
            assert long == months


def test_two_systems_write_two_layouts(sent: list[Submission]) -> None:
    """GRW-02: networks on the second system use names and dates of their own."""
    headers = defaultdict(set)
    for item in sent:
        if item.feed == "pcn_register":
            headers[item.content.partition(b"\n")[0].decode()].add(item.organisation)
            dates = {row.get("valid_from", row.get("FROM_DATE", "")) for row in _rows(item)}
            assert all(("/" in text) == (item.organisation >= "ZPN4") for text in dates)
    assert sorted(map(sorted, headers.values())) == [["ZPN1", "ZPN2", "ZPN3"], ["ZPN4", "ZPN5", "ZPN6"]]


def test_files_fit_their_contracts(repository: Path, sent: list[Submission]) -> None:
    """Column names are those the contract gives the sender's layout."""
    from ingest.contract import load_contracts

    contracts = load_contracts(repository / "ingest" / "contracts")
    checked = 0
    for item in sent:
        contract = contracts[item.feed]
        sender = contract.custom.senders[item.organisation]
        names = contract.layout_names(contract.custom.layouts[sender.layout])
        assert item.content.partition(b"\n")[0].decode().split(",") == list(names.values()), item.file_name
        checked += 1
    assert checked == len(sent)


def test_money_stands_beside_roles_only(sent: list[Submission]) -> None:
    """No organisation's code or name beside invented money; about the base of the agreement in all."""
    total = Decimal(0)
    for item in sent:
        if item.feed == "cost_ledger":
            assert item.organisation in {
                "drug-alcohol-charity",
                "sexual-health-provider",
                "healthy-living-trust",
                "gp-federation",
                "community-link-charity",
                "youth-charity",
            }
            total += Decimal(dict(item.control_totals)["amount"])
            assert b"greenwich-public-health" in item.content
    assert Decimal("9300000") < total < Decimal("9600000")


def test_identifiers_stay_with_those_who_may_send_them(small: Decided, sent: list[Submission]) -> None:
    """Only the council's client file holds numbers and names; no file of the others holds one of anybody."""
    world = small.world
    numbers = {str(number).encode() for number in world.nhs}
    names = {name.encode() for name in world.surname if len(name) > 6}
    codes = set()
    for item in sent:
        cells = {cell.strip() for line in item.content.splitlines() for cell in line.split(b",")}
        if cells & numbers or cells & names:
            codes.add((item.feed, item.organisation))
    assert codes == {("council_client_level", "ZCC1")}


def test_the_sexual_health_clinic_names_nobody(sent: list[Submission]) -> None:
    """No token of a person: the clinic's pseudonym links to nothing."""
    assert not any(b"k1:" in item.content for item in sent if item.feed == "sexual_health")


def test_finding_the_place() -> None:
    place = find_place("greenwich")
    assert (place.residents, place.area_code) == (289_034, "E09000011")
    assert find_place("greenwich", 5000).fingerprint() != place.fingerprint()
    assert find_place("greenwich", 5000).fingerprint() == find_place("greenwich", 5000).fingerprint()
    assert find_place("greenwich", 5000, 3).fingerprint() != find_place("greenwich", 5000).fingerprint()
    for residents in (0, 299, 10**9):
        with pytest.raises(WrongUsage, match="residents"):
            find_place("greenwich", residents)
    with pytest.raises(WrongUsage, match="seed"):
        find_place("greenwich", 5000, -1)
    with pytest.raises(WrongUsage, match="residents"):
        find_place("derbyshire", 5000)
    assert find_place("derbyshire").residents is None


def test_a_place_makes_its_files_one_by_one(monkeypatch: pytest.MonkeyPatch, small: Decided) -> None:
    """Asking for the first file does not draw the last: 289,034 residents never stand in memory as files."""
    monkeypatch.setattr(truth, "decided", lambda residents, seed, borough: Decided(small.world))
    files_of = iter(find_place("greenwich", 700).submissions())
    assert next(files_of).feed == "reference_organisations"


@pytest.mark.soak
def test_the_whole_borough_fits_in_two_gibibytes() -> None:
    """289,034 residents over 27 months: every decision, every true figure and every file, with the peak of memory."""
    program = """
import resource
from places import find_place
from places.greenwich.truth import truth
figures = len(truth())
files = sum(1 for _ in find_place("greenwich").submissions())
print(figures, files, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    figures, made, kibibytes = (int(part) for part in ran.stdout.split())
    assert figures > 10_000
    assert made > 300
    assert kibibytes < 2 * 1024 * 1024
