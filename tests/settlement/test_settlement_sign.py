"""`outturn sign` end to end, at the terminal: what is shown, what is refused with which reason, what lands in the log.

GRW-42, GRW-44, THM-12, THM-13, CNI-13 to CNI-18. Every key is made by the command and lies outside the home.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from settlement_world import PERIOD, RAW, settle_simply
from typer.testing import CliRunner

from foundation.errors import OutturnError, Refused, WrongUsage
from foundation.home import Home
from orchestration import signing, signing_words
from orchestration.cli import app
from orchestration.cycle import AgreementOnFile
from orchestration.settling import Settled, store_settlement
from settlement import store
from settlement.decisions import public_key_text
from settlement.files import write_rows
from settlement.terms import Terms, load_terms

ID = "derbyshire-real-only"
LIVE = (
    RAW.replace(b"shadow: true", b"shadow: false")
    + b"""\
  assured_by: [independent-expert]
  boards:
    - id: board
      name: Programme board
      seats: [integrated-care-board, acute-trust, city-council]
      quorum: 2
      passes_by: majority
      decides: [certificate]
  accreditations:
    - id: dspt
      name: Data Security and Protection Toolkit
      recorded_by: [integrated-care-board]
      when_expired: withhold
"""
)
TERMS = load_terms(LIVE)
PARTIES = ("integrated-care-board", *TERMS.member_ids, "independent-expert")


@dataclass
class Desk:
    """A home, the keys of its parties beside it, and a clock that the test sets."""

    home: Home
    keys: Path
    monkeypatch: pytest.MonkeyPatch
    terms: Terms = TERMS
    public: dict[str, str] = field(default_factory=dict)

    def clock(self, day: str) -> None:
        moment = datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=UTC)
        self.monkeypatch.setattr("orchestration.signing.moment_of", lambda home: moment)
        self.monkeypatch.setattr("orchestration.decision_list.today_of", lambda home: moment.date())

    def run(self, *words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(app, [*words, "--home", str(self.home.root)], input=input)

    def sign(self, what: str, party: str, *words: str, key: str | None = None, answer: str = "y\n") -> Result:
        file = str(self.keys / f"{key or party}.pem")
        return self.run("sign", what, ID, "--for", party, "--key", file, *words, input=answer)

    def signed(self, what: str, party: str, *words: str, key: str | None = None) -> str:
        said = self.sign(what, party, *words, key=key)
        assert said.exit_code == 0, (said.output, said.exception)
        return said.output

    def refused(self, what: str, party: str, *words: str, key: str | None = None) -> OutturnError:
        """The error of a command that signs nothing: the log stays as it was."""
        before = store.read_bytes(self.home.decisions, ID)
        said = self.sign(what, party, *words, key=key)
        assert isinstance(said.exception, OutturnError), said.output
        assert said.exception.mend
        assert store.read_bytes(self.home.decisions, ID) == before
        return said.exception

    def make_key(self, name: str) -> str:
        said = self.run("new-key", str(self.keys / f"{name}.pem"))
        assert said.exit_code == 0, said.exception
        self.public[name] = said.output.split()[-1]
        return self.public[name]

    def delegate(self, party: str, *words: str, key: str | None = None, approver: str = "finance director") -> None:
        self.signed("delegation", party, "--approver", approver, "--public-key", self.public[key or party],
                    "--by", "governing body", "--from", "2024-03-01", *words, key=party)  # fmt: skip


def _found(desk: Desk, *left_out: str) -> None:
    """Parties admitted, authority delegated, seats given, the terms voted on; by commands alone."""
    desk.clock("2024-03-14")
    icb = "integrated-care-board"
    for party in PARTIES:
        desk.make_key(party)
        role = "commissioner" if party == icb else "member" if party in TERMS.member_ids else "independent"
        desk.signed("admission", icb, "--party", party, "--role", role, "--public-key", desk.public[party],
                    "--from", "2024-03-14")  # fmt: skip
        desk.delegate(party, "--until", "2026-03-31")
    for party in ("integrated-care-board", "acute-trust", "city-council"):
        desk.signed("seat", party, "--board", "board", "--approver", "finance director", "--from", "2024-03-14")
    for party in TERMS.approver_ids:
        if party not in left_out:
            desk.signed("terms", party)


def _settled(home: Home) -> None:
    """A settlement on file and in the release in force, as a run leaves it."""
    item = settle_simply(TERMS)
    path = home.root / "agreements" / ID / "2024-04-01.yaml"
    store_settlement(home, Settled(AgreementOnFile(path, LIVE, TERMS), item, b"", (), "f" * 64))
    members = home.releases / "one" / "members"
    members.mkdir(parents=True)
    (members / "postings.csv").write_bytes(write_rows("postings", item.posting_rows()))
    home.current.symlink_to("one")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which all but one party has agreed the terms, with its keys beside it."""
    root = tmp_path_factory.mktemp("founded")
    home = Home(root / "home")
    home.create(demo=False, place="derbyshire")
    (home.root / "agreements" / ID).mkdir(parents=True)
    (home.root / "agreements" / ID / "2024-04-01.yaml").write_bytes(LIVE)
    (root / "keys").mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        _found(Desk(home, root / "keys", monkeypatch), "county-council")
    _settled(home)
    return root


@pytest.fixture
def desk(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = Path(shutil.copytree(founded, tmp_path / "copy", symlinks=True))
    public = {path.stem: public_key_text(load_key(path)) for path in (root / "keys").glob("*.pem")}
    made = Desk(Home(root / "home"), root / "keys", monkeypatch, public=public)
    made.clock("2024-03-15")
    return made


@pytest.fixture
def agreed(desk: Desk) -> Desk:
    """Everybody has agreed; the board and assurance have passed the settlement of the year."""
    desk.signed("terms", "county-council")
    desk.clock("2025-05-01")
    desk.signed("assurance", "independent-expert", "--period", PERIOD, "--vote", "approve", "--reason", "recomputed")
    for party in ("acute-trust", "city-council"):
        desk.signed("resolution", party, "--board", "board", "--period", PERIOD)
    return desk


def load_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def test_terms_are_shown_in_words_and_figures_before_anything_is_asked(desk: Desk) -> None:
    said = desk.sign("terms", "county-council", answer="n\n")
    for words in (
        "LIVE: money moves",
        "Acute trust (acute-trust): 38 %",
        "gain, at most £2,862,000.00 (two million eight hundred and sixty-two thousand pounds)",
        "City council: gains at most £228,960.00, loses at most £100,000.00",
        "15 working days",
        f"Hash of what is signed: {TERMS.terms_hash}",
        "Sign this as finance director for county-council? [y/N]",
    ):
        assert words in said.output, said.output
    assert said.output.index("Hash of what is signed") < said.output.index("Sign this as")
    assert "you did not agree" in str(said.exception)
    assert "signed" in desk.signed("terms", "county-council")


def test_n_minus_one_is_refused(desk: Desk) -> None:
    """CNI-13: five of six have agreed, and nothing is certified; the list says who is missing."""
    desk.clock("2025-05-01")
    fault = desk.refused("certificate", "integrated-care-board", "--period", PERIOD)
    assert "the terms are not agreed for 2024-25: county-council has not approved" in fault.message
    assert "get the missing approvals" in fault.mend
    said = desk.run("decisions", ID)
    assert "2024-25: not agreed: county-council has not approved" in said.output


def test_late_approval_is_refused(desk: Desk) -> None:
    desk.clock("2024-04-01")
    fault = desk.refused("terms", "county-council")
    assert "it is too late: 2024-25, the last period of these terms, opened on 2024-04-01" in fault.message
    assert "variation" in fault.mend


def test_a_non_member_is_refused(desk: Desk) -> None:
    assert "does not approve these terms" in desk.refused("terms", "independent-expert").message
    desk.make_key("hospice")
    fault = desk.refused("terms", "hospice")
    assert "hospice has not been admitted" in fault.message
    assert "outturn sign admission" in fault.mend
    # a key of somebody else speaks for nobody
    assert "was given no authority by county-council" in desk.refused("terms", "county-council", key="hospice").message
    # only whoever opened the log admits
    words = ("--party", "hospice", "--role", "member", "--public-key", desk.public["hospice"], "--from", "2024-03-15")
    assert "admits parties" in desk.refused("admission", "acute-trust", *words).message


def test_an_expired_delegation_is_refused(desk: Desk) -> None:
    """CNI-15"""
    desk.delegate("county-council", "--until", "2024-03-14")
    fault = desk.refused("terms", "county-council")
    assert "not in date on 2024-03-15" in fault.message
    assert "outturn sign delegation" in fault.mend
    desk.delegate("county-council", "--until", "2024-03-31")
    desk.signed("terms", "county-council")


def test_a_delegation_below_the_sum_is_refused(desk: Desk) -> None:
    desk.delegate("county-council", "--limit-gbp", "85,859.99")
    fault = desk.refused("terms", "county-council")
    assert "may decide on £85,859.99, and this is £85,860.00" in fault.message
    assert isinstance(desk.sign("delegation", "county-council", "--approver", "a", "--public-key", "x", "--by", "b",
                                "--from", "2024-03-15", "--limit-gbp", "lots").exception, WrongUsage)  # fmt: skip


def test_a_declared_conflict_is_refused_and_a_deputy_signs(desk: Desk) -> None:
    """THM-12"""
    desk.signed("conflict", "county-council", "--approver", "finance director", "--conflict", "owns the care home")
    fault = desk.refused("terms", "county-council")
    assert "finance director of county-council declared a conflict" in fault.message
    assert "another approver" in fault.mend
    desk.make_key("deputy")
    desk.delegate("county-council", key="deputy", approver="deputy finance director")
    desk.signed("terms", "county-council", key="deputy")


def test_the_wrong_hash_is_refused(desk: Desk) -> None:
    fault = desk.refused("terms", "county-council", "--yes", "--expect", "0" * 64)
    assert f"what would be signed is {TERMS.terms_hash[:16]}" in fault.message
    assert isinstance(desk.refused("terms", "county-council", "--yes"), WrongUsage)
    assert "Sign this" not in desk.signed("terms", "county-council", "--yes", "--expect", TERMS.terms_hash)


def test_quorum_lost_by_exclusion_is_refused(desk: Desk) -> None:
    desk.signed("terms", "county-council")
    desk.clock("2025-05-01")
    desk.signed("assurance", "independent-expert", "--period", PERIOD, "--vote", "approve", "--reason", "recomputed")
    for party in ("acute-trust", "city-council"):
        desk.signed("conflict", party, "--approver", "finance director", "--conflict", "is paid", "--period", PERIOD)
    fault = desk.refused("resolution", "integrated-care-board", "--board", "board", "--period", PERIOD)
    assert "Programme board cannot decide: 1 of its 3 bodies are left" in fault.message
    assert "outturn sign seat" in fault.mend
    fault = desk.refused("certificate", "integrated-care-board", "--period", PERIOD)
    assert "has not voted on it" in fault.message or "cannot decide" in fault.message


def test_a_certificate_shows_each_members_pounds(agreed: Desk) -> None:
    said = agreed.signed("certificate", "integrated-care-board", "--period", PERIOD)
    for words in (
        "PAYABLE once its challenge window has passed",
        "Acute trust: £410,391.20 (four hundred and ten thousand three hundred and ninety-one pounds and twenty pence)",
        "gross: £1,079,976.85",
        "Settlement id: ",
    ):
        assert words in said, said
    fault = agreed.refused("certificate", "integrated-care-board", "--period", PERIOD)
    assert "certificate is final" in fault.message


def test_a_restatement_is_certified_after_what_it_restates(agreed: Desk) -> None:
    """CNI-16: a difference has a certificate of its own; the one before stands, and can still be challenged by its id."""
    first = settle_simply(TERMS)
    second = settle_simply(TERMS, Decimal("460.0"), prior=first.posting_rows())
    item = AgreementOnFile(agreed.home.root, LIVE, TERMS)
    store_settlement(agreed.home, Settled(item, second, b"", tuple(first.posting_rows()), "e" * 64))
    members = agreed.home.current / "members"
    (members / "prior_postings.csv").write_bytes(write_rows("prior_postings", first.posting_rows()))
    (members / "postings.csv").write_bytes(write_rows("postings", second.posting_rows()))
    words = ("--vote", "approve", "--reason", "recomputed")
    agreed.signed("assurance", "independent-expert", "--period", PERIOD, *words)
    for party in ("acute-trust", "city-council"):
        agreed.signed("resolution", party, "--board", "board", "--period", PERIOD)
    icb = "integrated-care-board"
    assert "certify that one first" in agreed.refused("certificate", icb, "--period", PERIOD).message
    agreed.signed("certificate", icb, "--period", PERIOD, "--settlement", first.settlement_id[:12])
    said = agreed.signed("certificate", icb, "--period", PERIOD)
    assert "a difference against what was posted before" in said
    assert "(minus " in said
    figure = f"member:{ID}:{PERIOD}:gain:acute-trust"
    agreed.signed("challenge", "acute-trust", "--period", PERIOD, "--settlement", first.settlement_id[:12],
                  "--figure", figure, "--reason", "r")  # fmt: skip
    unknown = agreed.refused("certificate", icb, "--period", PERIOD, "--settlement", "0000")
    assert "with the id 0000" in unknown.message
    # an open dispute waits for the expert, whatever is certified beside it
    assert "goes with its restatement" not in agreed.run("decisions", ID, "--on", "2025-06-30").output
    agreed.signed("determination", "independent-expert", "--period", PERIOD, "--settlement", first.settlement_id[:12],
                  "--figure", figure, "--finding", "restate", "--reason", "r")  # fmt: skip
    assert "goes with its restatement" in agreed.run("decisions", ID, "--on", "2025-06-30").output


def test_assurance_that_rejects_stops_the_certificate(agreed: Desk) -> None:
    agreed.signed("assurance", "independent-expert", "--period", PERIOD, "--vote", "reject", "--reason", "bay 4 twice")
    fault = agreed.refused("certificate", "integrated-care-board", "--period", PERIOD)
    assert "independent-expert rejected it: bay 4 twice" in fault.message
    assert "(not certified: independent-expert rejected it: bay 4 twice)" in agreed.run("decisions", ID).output


def test_a_figure_is_challenged_and_the_rest_is_paid(agreed: Desk) -> None:
    """GRW-42: dispute of one line, expert determination, undisputed sums paid."""
    figure = f"member:{ID}:{PERIOD}:gain:acute-trust"
    line = ("--period", PERIOD, "--figure", figure, "--reason", "the ward was closed in May")
    assert "not certified" in agreed.refused("challenge", "acute-trust", *line).message
    agreed.signed("certificate", "integrated-care-board", "--period", PERIOD)
    agreed.signed("accreditation", "integrated-care-board", "--member", "acute-trust", "--accreditation", "dspt",
                  "--level", "met", "--evidence", "letter", "--from", "2025-04-01")  # fmt: skip
    for member in TERMS.member_ids[1:]:
        agreed.signed("accreditation", "integrated-care-board", "--member", member, "--accreditation", "dspt",
                      "--level", "met", "--evidence", "letter", "--from", "2025-04-01", "--until", "2025-06-30")  # fmt: skip
    assert "payable on 2025-05-01: £0.00" in agreed.run("decisions", ID).output
    agreed.clock("2025-05-23")
    agreed.signed("challenge", "acute-trust", *line)
    agreed.signed("challenge", "city-council", *line)
    assert isinstance(agreed.refused("challenge", "acute-trust", *line[:3], "x", *line[4:]), WrongUsage)
    assert "does not determine" in agreed.refused("determination", "acute-trust", *line, "--finding", "stands").message
    agreed.clock("2025-05-24")
    assert "window closed on 2025-05-23" in agreed.refused("challenge", "city-council", *line).message
    said = agreed.run("decisions", ID).output
    assert (
        "acute-trust £410,391.20: disputed (disputed by acute-trust on 23 May 2025 and city-council on 23 May" in said
    )
    assert "payable on 2025-05-24: £669,585.65" in said
    finding = (*line, "--finding", "stands")
    assert "name whose" in agreed.refused("determination", "independent-expert", *finding).message
    agreed.signed("determination", "independent-expert", *finding, "--challenger", "acute-trust")
    assert "payable on 2025-05-24: £669,585.65" in agreed.run("decisions", ID).output
    agreed.signed("determination", "independent-expert", *finding, "--challenger", "city-council")
    assert "payable on 2025-05-24: £1,079,976.85" in agreed.run("decisions", ID).output
    # an accreditation that has run out holds what is due
    later = agreed.run("decisions", ID, "--on", "2025-07-01").output
    assert "ran out on 2025-06-30" in later
    assert "payable on 2025-07-01: £410,391.20" in later
    assert isinstance(agreed.run("decisions", ID, "--on", "soon").exception, WrongUsage)


def test_other_entries_are_signed_too(agreed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    award = ("--period", PERIOD, "--outcome", "fewer falls", "--amount-gbp", "1250.00")
    assert "votes on awards under these terms: nobody is" in agreed.refused("award", "acute-trust", *award).message
    waiver = ("--member", "acute-trust", "--accreditation", "dspt", "--reason", "assessor ill")
    agreed.signed("waiver", "acute-trust", *waiver)
    assert "after the period opened" in agreed.refused("part", "acute-trust", "--part", "mandate").message
    agreed.signed("departure", "county-council", "--party", "county-council", "--until", "2026-03-31", "--reason", "r")
    agreed.make_key("lost")
    agreed.delegate("city-council", key="lost", approver="deputy")
    agreed.signed("revocation", "city-council", "--public-key", agreed.public["lost"], "--reason", "lost on a train")
    assert "was revoked" in agreed.refused("waiver", "city-council", *waiver, key="lost").message

    class Cut:
        cut = type("C", (), {"cut_id": "c" * 64})

    monkeypatch.setattr("orchestration.drafts.current_cycle", lambda home: Cut)
    cause = ("--period", PERIOD, "--kpi", "D1", "--check", "kpi.complete_days", "--cause", "measuring_system")
    agreed.signed("cause", "independent-expert", *cause, "--reason", "the national return was down")
    assert "records the cause" in agreed.refused("cause", "acute-trust", *cause, "--reason", "r").message
    absence = ("--period", PERIOD, "--member", "acute-trust", "--reason", "r")
    assert "records absences" in agreed.refused("absence", "integrated-care-board", *absence).message


@pytest.mark.parametrize(
    ("what", "words", "said"),
    [
        ("weather", (), "is nothing that is signed"),
        ("challenge", ("--period", PERIOD), "--figure, --reason is missing"),
        ("terms", ("--figure", "x"), "has no --figure"),
        ("terms", ("--vote", "maybe"), "is not known"),
        ("terms", ("--effective", "2020-04-01"), "no terms in force from 2020-04-01"),
        ("part", ("--part", "weather"), "no part of an agreement"),
        ("certificate", ("--period", "2019-20"), "not in force in 2019-20"),
        ("certificate", ("--period", "2025-26"), "holds no settlement"),
        ("terms", ("--at", "2025-10-02T09:00:00Z"), "this machine's"),
    ],
)
def test_calls_that_say_what_is_missing(desk: Desk, what: str, words: tuple[str, ...], said: str) -> None:
    assert said in desk.refused(what, "county-council", *words).message


def test_a_changed_settlement_is_not_certified(agreed: Desk) -> None:
    (path,) = (agreed.home.settlements / ID / PERIOD).glob("*/member_lines.csv")
    path.write_bytes(path.read_bytes().replace(b"41039120", b"41039121"))
    assert (
        "was changed after it was settled"
        in agreed.refused("certificate", "integrated-care-board", "--period", PERIOD).message
    )


def test_nothing_is_certified_before_it_is_published(desk: Desk) -> None:
    desk.home.current.unlink()
    assert "holds no settlement" in desk.refused("certificate", "integrated-care-board", "--period", PERIOD).message


def test_an_entry_in_between_is_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else signs while the question stands: what was read is no longer what would be continued."""
    reads, looks = store.read_bytes, count(1)

    def meanwhile(folder: Path, agreement_id: str) -> bytes:
        return reads(folder, agreement_id) + (b"x\n" if next(looks) == 3 else b"")

    before = reads(desk.home.decisions, ID)
    monkeypatch.setattr("settlement.store.read_bytes", meanwhile)
    said = desk.sign("terms", "county-council")
    assert "somebody else's entry came first" in str(said.exception)
    assert reads(desk.home.decisions, ID) == before


def test_keys_are_made_outside_homes_and_read_from_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = desk.run("new-key", str(desk.home.root / "my.pem"))
    assert isinstance(inside.exception, WrongUsage)
    again = desk.run("new-key", str(desk.keys / "acute-trust.pem"))
    assert "exists already" in str(again.exception)
    assert (desk.keys / "acute-trust.pem").stat().st_mode & 0o777 == 0o600
    assert "there is no key" in desk.refused("terms", "county-council", key="nobody").message
    (desk.keys / "text.pem").write_text("no key")
    assert "no key that can be read" in desk.refused("terms", "county-council", key="text").message
    rsa = generate_private_key(65537, 2048)
    (desk.keys / "rsa.pem").write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "no Ed25519 key" in desk.refused("terms", "county-council", key="rsa").message
    own = load_key(desk.keys / "county-council.pem")
    (desk.keys / "county-council.pem").write_bytes(
        own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    assert desk.sign("terms", "county-council", answer="wrong\ny\n").exception is not None
    assert desk.sign("terms", "county-council", answer="secret\ny\n").exit_code == 0
    keyless = desk.run("sign", "terms", ID, "--for", "acute-trust")
    assert isinstance(keyless.exception, Refused)
    assert "no key was named" in str(keyless.exception)
    marker = desk.home.root / "home.json"
    marker.write_text('{"demo": false, "place": "derbyshire", "preview": true}')
    assert "nothing is signed" in desk.refused("terms", "acute-trust").message


def test_a_copy_of_the_log_proves_itself_alone(desk: Desk, tmp_path: Path) -> None:
    """CNI-17: `outturn verify` on a decisions.jsonl that has nothing else beside it."""
    copy = tmp_path / "decisions.jsonl"
    raw = store.read_bytes(desk.home.decisions, ID)
    copy.write_bytes(raw)

    def run() -> Result:
        return CliRunner().invoke(app, ["verify", str(copy)])

    assert f"decision(s) on {ID}; chain and signatures hold" in run().output
    copy.write_bytes(raw.replace(b"finance director", b"finance dictator", 1))
    assert "signature does not fit" in str(run().exception)
    copy.write_bytes(b"")
    assert "holds no decision" in str(run().exception)


def test_sums_in_words() -> None:
    words = signing_words.sum_words
    assert words(0) == "£0.00 (nought pounds)"
    assert words(101) == "£1.01 (one pound and one penny)"
    assert words(-1205) == "−£12.05 (minus twelve pounds and five pence)"
    assert words(200_100) == "£2,001.00 (two thousand and one pounds)"
    assert signing_words.in_words(1_000_342) == "one million three hundred and forty-two"
    assert signing_words.in_words(2_000_000_000_000) == "two trillion"
    assert signing_words.in_words(90) == "ninety"
    assert signing.Draft("k", {}, (), "s").subject == "s"
