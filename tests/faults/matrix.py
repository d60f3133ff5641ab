"""The fault matrix: what can go wrong with money at stake, and the one gate that must catch each.

A row names the gate by its published name (`fault_gates`), the words its message must hold (what is wrong and what to
do), and who mends it. `docs/reference/faults.md` is this table in prose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fault_drives as drives
import plants_lake
import plants_money
import plants_release
import plants_senders
import plants_warehouse
from fault_drives import Drive
from fault_home import AGREEMENT, LAST_MONTH, PERIOD, Scene
from plants_lake import receipt_edited
from plants_money import in_memory
from plants_senders import MEMBER, delivery, sends, sends_with
from plants_warehouse import verdict

SENDER, ENGINEER, MEMBERS = "the sender", "data engineer", "members and commissioners"
RUN = ("run", "--period", LAST_MONTH)
LEDGER = ("cost_ledger", MEMBER)


@dataclass(frozen=True)
class Whole:
    """How a fault goes through the whole command. when: the moment it is planted; code and words: how it ends; settles:
    the fault comes after a settlement that is sound, and nothing of it is published."""

    when: str = "before"
    code: int = 1
    words: tuple[str, ...] = ()
    command: tuple[str, ...] = RUN
    in_ci: bool = False
    settles: bool = False


@dataclass(frozen=True)
class Fault:
    """One planted fault. says: words of the message, matched in small letters. also: gates that say so too and cannot
    help it. whole: None where only a room of its own can meet it. money: what is left of the claim that nothing is paid
    when the fault is harmless by itself: `cut` (the data cut is as it was), `counted` (what counts is as it was),
    `refused` (whoever tries to settle all the same is refused), `withheld` (what is paid on the figure waits for its cause), `kept`
    (the room has nothing to settle)."""

    name: str
    room: str
    gate: str
    says: tuple[str, ...]
    mends: str
    plant: Callable[[Scene], Any]
    drive: Drive
    also: frozenset[str] = frozenset()
    money: str = "refused"
    whole: Whole | None = Whole()


def _sent(
    name: str,
    gate: str,
    says: tuple[str, ...],
    plant: Callable[[Scene], Any],
    *also: str,
    feed: str = "cost_ledger",
    mends: str = SENDER,
    money: str = "cut",
    whole: Whole | None = None,
) -> Fault:
    """A fault of a delivery: it is refused at the door and the run goes on without it, which exit code 3 says."""
    told = whole or Whole(code=3, words=("what to do",))
    return Fault(name, "intake", gate, says, mends, plant, drives.intake(feed), frozenset(also), money, told)


_HELD = Whole(code=1, words=("cut.required_feeds", "what to do"))
_SAID = Whole(code=3, words=("what to do",))
_LAST = delivery(*LEDGER, month="2025-03")
_CELL = plants_senders.one

INTAKE = (
    _sent("truncated file", "delivery.bytes_mismatch", ("bytes", "send file and manifest again"),
          sends_with(_LAST, content=lambda raw: raw[: len(raw) // 2]), "delivery.sha256_mismatch",
          whole=Whole(code=3, words=("send file and manifest again",), in_ci=True)),
    _sent("stale manifest", "delivery.sha256_mismatch", ("sha-256", "make the manifest from the final file"),
          sends_with(_LAST, content=lambda raw: raw.replace(b"1", b"2", 1))),
    _sent("line lost on the way", "delivery.rows_mismatch", ("rows", "make the manifest from the final file"),
          sends_with(_LAST, manifest=lambda item: {"rows": item.rows + 1})),
    _sent("amount changed on the way", "delivery.control_total_mismatch", ("control total", "reconcile"),
          sends(delivery(*LEDGER, lambda rows: [{**rows[0], "amount": "1.00"}, *rows[1:]], month="2025-03",
                         totals=False)), "history.unit_change"),
    _sent("duplicate submission", "delivery.repeated", ("delivered before", "nothing to do"), plants_senders.same_again,
          whole=Whole(code=3, words=("delivered before",))),
    _sent("other bytes under the same sequence", "delivery.sequence_not_higher", ("sequence 1", "next higher sequence"),
          sends(delivery(*LEDGER, lambda rows: [{**rows[0], "amount": rows[0]["amount"][:-1] + "9"}, *rows[1:]],
                         month="2025-03", higher=0))),
    _sent("older file after a newer one", "delivery.older_after_newer", ("was accepted before", "next higher sequence"),
          sends(delivery("treatment_episodes", "ZCR1", lambda rows: rows[:-1], higher=-1)),
          feed="treatment_episodes"),
    _sent("file in another sender's mailbox", "delivery.sender_mismatch", ("another organisation", "its own mailbox"),
          sends_with(_LAST, mailbox="gp-federation")),
    _sent("duplicate rows", "row.duplicate", ("repeats an earlier one", "send each row once"),
          sends(delivery(*LEDGER, lambda rows: [*rows, *rows], month="2025-03")), money="counted",
          whole=Whole(code=3, words=("release",))),
    _sent("one line twice with two amounts", "table.key_conflict", ("same key", "next higher sequence"),
          sends(delivery(*LEDGER, lambda rows: [*rows, {**rows[0], "amount": "17.00"}], month="2025-03"))),
    _sent("shifted window", "delivery.period_in_body", ("outside the dates", "send the period the manifest names"),
          sends(delivery(*LEDGER, plants_senders.in_month("2025-02"), month="2025-03")), "row.outside_window"),
    _sent("pence for pounds", "history.unit_change", ("median", "check the unit of the amounts"),
          sends(delivery(*LEDGER, plants_senders.times_hundred, month="2025-03")),
          whole=Whole(code=3, words=("check the unit of the amounts",))),
    _sent("unknown code", "row.code", ("not on the contract's list", "use a listed code"),
          sends(delivery(*LEDGER, _CELL("category", "reimbursible"), month="2025-03")), money="refused", whole=_HELD),
    _sent("negative cost", "row.range", ("range", "correct the value"),
          sends(delivery(*LEDGER, _CELL("amount", "-28188.62"), month="2025-03")), money="refused",
          whole=Whole(code=1, words=("cut.required_feeds", "next sequence"))),
    _sent("broken reference", "row.cross_field", ("person token", "correct the row"),
          sends(delivery("pcn_register", "ZPN6", plants_senders.number_denied)), feed="pcn_register", money="refused", whole=Whole(code=3, words=("wait in quarantine", "what to do"))),
    _sent("rate of withheld rows too high", "history.too_much_held_back", ("would be held back", "correct the rows"),
          sends(delivery("pcn_register", "ZPN6", plants_senders.share("sex", "7", 5))), "row.code", feed="pcn_register"),
    _sent("shrunken cumulative file", "history.volume_drop", ("file it replaces", "check that the file is whole"),
          sends(delivery("treatment_episodes", "ZCR1", lambda rows: rows[: len(rows) // 2])),
          feed="treatment_episodes"),
    _sent("half of a month sent again", "history.volume_drop", ("file it replaces", "check that the file is whole"),
          sends(delivery("community_referrals", "ZCM1", lambda rows: rows[: len(rows) // 2], month="2024-01")),
          feed="community_referrals"),
    _sent("organisation dropped from the register", "history.volume_drop", ("what has ended keeps its row", "whole"),
          sends(delivery("reference_organisations", "ZCC1", lambda rows: rows[:-1])), feed="reference_organisations",
          mends="the intelligence lead, who keeps the register"),
    _sent("token key not in force", "identity.key_not_in_force", ("not in force", "outturn pseudonymise"),
          sends(delivery("pcn_register", "ZPN6", plants_senders.other_key)), feed="pcn_register"),
    _sent("identifier in a free text", "value.identifying", ("nhs number", "information governance lead"),
          sends(delivery("pcn_register", "ZPN6", _CELL("record_id", "943 476 5919"))), "row.pattern",
          feed="pcn_register", money="refused", whole=Whole(code=3, words=("wait in quarantine", "what to do"))),
    _sent("manifest without its control total", "delivery.control_total_missing", ("control total", "add the sum"),
          sends_with(_LAST, manifest=lambda _: {"control_totals": {}})),
    _sent("two months in one file of a month", "delivery.coverage_wrong", ("one calendar month", "cover exactly"),
          sends_with(_LAST, manifest=lambda _: {"covers": {"from": "2025-03-01", "to": "2025-04-30"}})),
    _sent("feed nobody knows", "delivery.feed_unknown", ("no contract for the feed", "use the feed name of a contract"),
          sends_with(_LAST, manifest=lambda _: {"feed": "cost_lodger"}), feed="admitted_care"),
    _sent("file under another name", "delivery.name_mismatch", ("file name", "name the file"),
          sends_with(_LAST, name="costs.csv", manifest=lambda _: {"file": "costs.csv"})),
    _sent("organisation that is no sender", "delivery.sender_unknown", ("not a sender", "check the organisation code"),
          plants_senders.by_a_stranger(_LAST)),
    _sent("file still being written", "delivery.changed_while_read", ("changed while it was read", "send both again"),
          plants_senders.still_written(_LAST), "delivery.bytes_mismatch", "delivery.sha256_mismatch", whole=None),
    _sent("control character in a text", "value.control_character", ("control character", "type the value again"),
          sends(delivery(*LEDGER, _CELL("funding_source", "public health \x07 grant"), month="2025-03")),
          "delivery.control_total_mismatch", whole=_SAID),
    _sent("text that is too long", "value.too_long", ("longer than", "shorten it"),
          sends(delivery(*LEDGER, _CELL("funding_source", "grant " * 40), month="2025-03")), "delivery.control_total_mismatch",
          whole=_SAID),
    _sent("another encoding", "encoding.undecodable", ("is not utf-8", "export as utf-8"),
          plants_senders.in_bytes(delivery("pcn_register", "ZPN6"), lambda raw: raw.replace(b",", b"\x81,")),
          feed="pcn_register"),
)  # fmt: skip


def _in(room: str, money: str = "refused") -> Callable[..., Fault]:
    def made(
        name: str,
        gate: str,
        says: tuple[str, ...],
        plant: Callable[[Scene], Any],
        drive: Drive,
        *also: str,
        mends: str = ENGINEER,
        whole: Whole | None = None,
        money: str = money,
    ) -> Fault:
        return Fault(name, room, gate, says, mends, plant, drive, frozenset(also), money, whole)

    return made


def _keys(scene: Scene) -> Any:
    from ingest.identity.keyring import keyring_of

    return keyring_of(scene.home).key()


def _write_inputs(scene: Scene) -> None:
    from orchestration.inputs import write_inputs

    write_inputs(scene.cycle)


def _withdraw_again(scene: Scene) -> Any:
    from ingest.register import read_withdrawal

    return read_withdrawal(scene.home, scene.given["withdrawn"])


def _dbt_died(scene: Scene) -> Any:
    from orchestration.defs.warehouse.assets import _results_of

    return _results_of(scene.home.dbt / "target" / "run_results.json", scene.home, 0)


def _dbt_failed(scene: Scene) -> Any:
    from orchestration.defs.warehouse.assets import _refuse

    _refuse(["test.outturn.ledger_equals_staging.0"], scene.home)


def _put_there_again(scene: Scene) -> Any:
    """The step of a build that finds its release in the home already."""
    from publication.release import _require_untouched

    folder = scene.given["published"]
    return _require_untouched(folder, (folder / "manifest.json").read_bytes())


def _demo_signs(scene: Scene) -> Any:
    from orchestration.deciding import _demo_key

    return _demo_key(scene.home, "council")


def _forget(then: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
    """The data cut is looked at anew after the plant."""

    def plant(scene: Scene) -> None:
        then(scene)
        scene.__dict__.pop("cycle", None)

    return plant


_identity, _cut, _models, _verdicts = _in("identity"), _in("lake and cut"), _in("models"), _in("verdicts")
_AT_GATE, _AFTER_BUILD = "before the gate", "before the checks"

IDENTITY = (
    _identity("link table edited", "ingest.identity.links:read_links", ("link table", "restore vault/identity"),
              plants_lake.link_table_edited, drives.calling(_write_inputs), money="cut",
              whole=Whole(code=4, words=("link table", "restore vault/identity"))),
    _identity("note of the link table broken", "ingest.identity.links:_noted", ("cannot be read", "run again"),
              plants_lake.link_note_broken, drives.cut, whole=Whole(code=4, words=("run again",))),
    _identity("key file readable by others", "ingest.identity.keyring:read_key", ("can be read by others", "chmod 600"),
              plants_lake.key_file(0o640), drives.calling(_keys), money="cut"),
    _identity("the demonstration's key in a live home", "ingest.identity.keyring:key_of",
              ("everybody knows", "openssl rand"), plants_lake.demonstration_key, drives.calling(_keys), money="cut"),
    _identity("vault readable by others", "foundation.home:Home.require_private_vault",
              ("can be read by others", "chmod 700"), plants_release.vault_open,
              drives.calling(lambda scene: scene.home.require_private_vault()), money="cut",
              whole=Whole(words=("chmod 700",), in_ci=True)),
)  # fmt: skip

CUT = (
    _cut("missing organisation", "cut.required_feeds", ("zsh1 sent no sexual_health", "deliver the missing months"),
         plants_lake.withdrawn("sexual_health", "ZSH1", "2024-05"), drives.cut, mends="the senders named",
         whole=Whole(words=("cut.required_feeds", "deliver the missing months"), in_ci=True)),
    _cut("submission lost from the vault", "cut.required_feeds", (f"{MEMBER} sent no cost_ledger for 2025-01", "deliver"),
         plants_lake.lost_submission, drives.cut, mends="the senders named", whole=Whole(words=("cut.required_feeds",))),
    _cut("requirement in quarantine", "cut.required_feeds", ("reference_organisations are quarantined", "next sequence"),
         lambda scene: (
             sends(delivery("reference_organisations", "ZCC1", _CELL("required_feed", "admited_care")))(scene),
             drives.intake("reference_organisations")(scene),
         ), drives.cut, mends="the intelligence lead, who keeps the register",
         whole=Whole(words=("cut.required_feeds",))),
    _cut("lake file replaced", "cut.register", ("lake's files", "restore vault and lake"), plants_lake.lake_file_replaced,
         drives.checks, "warehouse.arithmetic",
         whole=Whole(words=("cut.register", "restore vault and lake"), in_ci=True)),
    _cut("raw file changed in the vault", "cut.register", ("raw file", "restore vault and lake"),
         plants_lake.raw_file_changed, drives.checks, whole=Whole(words=("cut.register", "restore vault and lake"))),
    _cut("receipt edited", "cut.register", ("the receipt says something else", "restore vault and lake"),
         receipt_edited(b'"rows_accepted": 3', b'"rows_accepted": 2'), drives.checks,
         whole=Whole(when=_AFTER_BUILD, words=("cut",))),
    _cut("receipt that cannot be read", "ingest.register:parse_receipt", ("receipt", "restore vault/submissions"),
         receipt_edited(b"{", b"[{", known=False), drives.cut, whole=Whole(code=4, words=("restore vault/submissions",))),
    _cut("data cut edited", "ingest.cut:build_cut", ("was changed", "restore the verdicts folder"), plants_lake.cut_edited,
         drives.cut, whole=Whole(code=4, words=("restore the verdicts folder",))),
    _cut("suite changed since a file was accepted", "expectations.cost_ledger",
         ("accepted under another suite", "a run judges such submissions anew"), plants_lake.other_suite, drives.checks,
         whole=Whole(when=_AFTER_BUILD, words=("expectations.cost_ledger",))),
    _cut("withdrawal that cannot be read", "ingest.register:read_withdrawal", ("cannot be read", "from backup"),
         plants_lake.withdrawal_broken, drives.calling(_withdraw_again)),
    _cut("nothing accepted", "orchestration.cycle:current_cycle", ("nothing has been accepted", "put submissions"),
         plants_release.no_agreement, drives.cut, whole=Whole(words=("put submissions",))),
)  # fmt: skip

_TOUCH = "update kpi_return set value = value - 0.1 where kpi_id = 'G6' and period_id = '2024-25'"
MODELS = (
    _models("what dbt reads beside the lake is edited", "orchestration.inputs:point_at_inputs",
            ("was changed", "made anew"), plants_lake.inputs_edited, drives.calling(_write_inputs), money="cut",
            whole=Whole(words=("made anew",))),
    _models("a test of the warehouse failed", "warehouse.tests", ("ledger_equals_staging", "fail", "dbt log"),
            plants_warehouse.test_failed, drives.checks, whole=Whole(when=_AFTER_BUILD, words=("warehouse.tests", "dbt log"))),
    _models("a test of the warehouse did not run", "warehouse.tests", ("not run", "dbt log"), plants_warehouse.test_not_run,
            drives.checks, whole=Whole(when=_AFTER_BUILD, words=("warehouse.tests",))),
    _models("cost under an agreement nobody knows", "warehouse.tests", ("ledger_equals_staging", "mend the model or"),
            plants_warehouse.unknown_agreement, drives.checks, whole=Whole(when=_AFTER_BUILD, words=("warehouse.tests",))),
    _models("a model computes another value", "warehouse.arithmetic", ("is not", "do not pay"),
            plants_warehouse.built_so(_TOUCH), drives.checks, whole=Whole(when=_AFTER_BUILD, words=("warehouse.arithmetic",))),
    _models("a model loses a cost line", "warehouse.arithmetic", ("the members' files", "do not pay"),
            plants_warehouse.built_so(f"delete from ledger where member_id = '{MEMBER}' and month = '2025-01' and line_id = 'staff'"),
            drives.checks, whole=Whole(when=_AFTER_BUILD, words=("warehouse.arithmetic",))),
    _models("a cost line of no known category", "ledger.suite", ("category is not a known code", "mend the model"),
            plants_warehouse.built_so("update ledger set category = 'gift' where line_id = 'staff' and month = '2025-01'"),
            drives.checks, whole=Whole(when=_AFTER_BUILD, words=("ledger.suite",))),
    _models("a figure without its level", "kpi_return.suite", ("a value without a level", "mend the model"),
            plants_warehouse.built_so("update kpi_return set level = null where kpi_id = 'G6' and period_id = '2024-25'"),
            drives.checks, whole=Whole(when=_AFTER_BUILD, words=("kpi_return.suite",))),
    _models("ledger line moved after its tests", "orchestration.warehouse:read_tables",
            ("ledger changed in the warehouse", "run again to build it anew"),
            plants_warehouse.in_database(f"update ledger set member_id = 'gp-federation' where member_id = '{MEMBER}' and line_id = 'staff'"),
            drives.warehouse, whole=Whole(when=_AFTER_BUILD, words=("changed in the warehouse", "build it anew"), in_ci=True)),
    _models("KPI return edited after its tests", "orchestration.warehouse:read_tables",
            ("kpi_return changed in the warehouse", "run again to build it anew"), plants_warehouse.in_database(_TOUCH),
            drives.warehouse, whole=Whole(when=_AFTER_BUILD, words=("changed in the warehouse",))),
    _models("tables of another data cut", "orchestration.warehouse:read_tables",
            ("complete build of this data cut", "outturn run"), plants_warehouse.other_fingerprint, drives.warehouse,
            whole=Whole(when=_AFTER_BUILD, words=("complete build",))),
    _models("incomplete build passed off as complete", "orchestration.warehouse:read_tables",
            ("changed in the warehouse", "build it anew"), plants_warehouse.unfinished, drives.warehouse,
            whole=Whole(when=_AFTER_BUILD, words=("changed in the warehouse",))),
    _models("another program holds the build database", "orchestration.warehouse:_opened",
            ("another program holds it", "close the program"), plants_warehouse.held_by_another, drives.warehouse,
            whole=Whole(code=4, words=("close the program",))),
    _models("days missing under a figure that says fit", "kpi.complete_days", ("30 of 365 days", "deliver the missing days"),
            plants_warehouse.days_missing, drives.checks, mends="the organisations that did not report", money="withheld"),
    _models("dbt dies before it builds", "orchestration.defs.warehouse.assets:_results_of",
            ("before it built anything", "dbt.log"), plants_warehouse.results_gone, drives.calling(_dbt_died), money="kept"),
    _models("a test of dbt fails", "orchestration.defs.warehouse.assets:_refuse",
            ("tests of the warehouse failed", "dbt.log"), lambda scene: None, drives.calling(_dbt_failed), money="kept"),
    _models("a check that raises", "kpi_return.suite", ("the check itself failed", "mend the cause"), plants_warehouse.raising,
            drives.checks, "ledger.suite", whole=Whole(when=_AFTER_BUILD, words=("raised an error", "mend the cause"))),
)  # fmt: skip

_READ, _LIST, _JUDGE = "settlement.verdicts:read_verdict", "settlement.verdicts:read_required", "settlement.gate:judge"
VERDICTS = (
    _verdicts("verdict deleted", _READ, ("warehouse.arithmetic is missing", "run this check"),
              verdict("warehouse.arithmetic", lambda _: None), drives.gate,
              whole=Whole(when=_AT_GATE, words=("warehouse.arithmetic", "run this check"), in_ci=True)),
    _verdicts("verdict edited", _READ, ("not as the check wrote it", "who could write to the verdicts"),
              plants_warehouse.made_to_pass, drives.gate,
              whole=Whole(when=_AT_GATE, words=("not as the check wrote it", "run this check again"))),
    _verdicts("verdict of another data cut", _READ, ("another data cut", "run this check again"),
              verdict("ledger.suite", lambda found: {**found, "data_cut_id": "0" * 64}), drives.gate,
              whole=Whole(when=_AT_GATE, words=("another data cut",))),
    _verdicts("verdict of another check under this name", _READ, ("something else", "run this check again"),
              verdict("ledger.suite", lambda found: {**found, "check_id": "kpi_return.suite"}), drives.gate,
              whole=Whole(when=_AT_GATE, words=("something else",))),
    _verdicts("list of required checks gone", _LIST, ("cannot be read", "run the checks again"),
              plants_warehouse.required(lambda _: None), drives.gate, _JUDGE,
              whole=Whole(when=_AT_GATE, words=("list of required checks", "run the checks again"))),
    _verdicts("a check taken off the list", _JUDGE, ("ledger.suite is not on the list", "the list the terms demand"),
              plants_warehouse.required(lambda found: {
                  **found, "checks": [item for item in found["checks"] if item["check_id"] != "ledger.suite"]
              }), drives.gate, _READ, whole=Whole(when=_AT_GATE, words=("not on the list",))),
    _verdicts("a result nobody asked for", _JUDGE, ("not on the list", "remove it"), plants_warehouse.stray_verdict, drives.gate,
              whole=Whole(when=_AT_GATE, words=("remove it",))),
)  # fmt: skip

_terms = _in("terms")
TERMS = (
    _terms("terms edited after lock", _JUDGE, ("the terms are not approved", "record the missing approvals"),
           _forget(plants_money.terms_edited), drives.gate, mends=MEMBERS,
           whole=Whole(words=("not approved", "record the missing approvals"))),
    _terms("agreement changed without everybody's approval", _JUDGE, ("has not approved", "record the missing approvals"),
           plants_money.not_everybody, drives.gate, mends=MEMBERS,
           whole=Whole(words=("has not approved", "record the missing approvals"))),
    _terms("decision log edited", "settlement.decisions:_read_line", ("signature does not fit", "restore the log"),
           plants_money.log_edited, drives.gate, whole=Whole(words=("decision log", "restore the log"), in_ci=True)),
    _terms("decision log cut short", "settlement.decisions:read_log", ("are gone", "restore the log"),
           plants_money.log_cut_short, drives.gate, whole=Whole(words=("decision log", "restore the log"))),
    _terms("what remembers the log's end is gone", "settlement.store:read_bytes", ("is gone", "restore it"),
           plants_money.head_gone, drives.gate, whole=Whole(words=("head.json", "restore it"))),
    _terms("signed with the wrong key", "settlement.decisions:read_log", ("given no authority", "restore the log"),
           plants_money.stranger_signs, drives.gate, whole=Whole(words=("given no authority", "restore the log"))),
)  # fmt: skip

_settlement = _in("settlement")
SETTLEMENT = (
    _settlement("KPI return without a paid KPI", "settlement.score:find_row", ("0 rows", "kpi return"),
                in_memory("kpi_return", lambda rows: [row for row in rows if not plants_money.is_scored(row)]), drives.settle),
    _settlement("KPI return of another cut", "settlement.score:find_row", ("data_cut_id", "kpi return"),
                in_memory("kpi_return", plants_money.changed_row(data_cut_id="0" * 64)), drives.settle),
    _settlement("earlier postings edited", "orchestration.settling:_earlier", ("changed after it was settled", "backup"),
                plants_money.earlier_settlement(True), drives.settle, money="kept"),
    _settlement("full disk", "os:ENOSPC", ("no space left",), plants_release.full_disk, drives.settle,
                whole=Whole(code=4, words=("the disk of", "is full", "free space"))),
)  # fmt: skip

_release = _in("release", "kept")
RELEASE = (
    _release("a penny more than was settled", "publication.release:_audit", ("follows from the terms", "settle again"),
             plants_release.on_the_way(plants_release.penny_more), drives.publish),
    _release("verdict lost between settlement and release", "publication.release:require_integrity",
             ("ledger.suite is missing", "run this check"), plants_release.on_the_way(plants_release.verdict_lost), drives.publish),
    _release("another gate record", "publication.release:_judge_again", ("does not rest on the verdicts", "settle again"),
             plants_release.on_the_way(plants_release.other_gate_record), drives.publish),
    _release("a figure twice", "publication.inputs:rows_of", ("twice", "which model or settlement"),
             plants_release.on_the_way(plants_release.doubled_figure), drives.publish),
    _release("release key missing in a live home", "orchestration.deciding:_release_key",
             ("only with the key", "outturn_release_key"), plants_release.no_release_key, drives.publish),
    _release("wrong release key", "orchestration.deciding:_release_key", ("not an ed25519 key", "openssl genpkey"),
             plants_release.wrong_release_key, drives.publish),
    _release("the demonstration signs in a live home", "orchestration.deciding:_demo_key",
             ("live home", "the party's own key"), plants_lake.live, drives.calling(_demo_signs)),
    _release("verdict unreadable between settlement and release", "publication.release:_object",
             ("cannot be read", "run the checks again"), plants_release.on_the_way(plants_release.verdict_unreadable), drives.publish),
    _release("a figure as a binary fraction", "publication.inputs:_cell", ("binary fraction", "decimals"),
             plants_release.on_the_way(plants_release.binary_fraction), drives.publish),
    _release("clock jump", "orchestration.deciding:require_clock", ("this machine's clock", "set the clock right"),
             plants_release.clock_back, drives.publish),
    _release("published release changed, and published again", "publication.release:_require_untouched",
             ("changed after it was published", "outturn verify"), plants_release.published_and_changed, drives.calling(_put_there_again),
             whole=Whole(settles=True, words=("changed after it was published", "outturn verify"))),
    _release("tampered release", "publication.verify:_check_seal", ("postings.csv", "seal.json"),
             plants_release.copy_changed(("members/postings.csv", plants_release.penny_in("amount_pence"))), drives.verify,
             "publication.verify:_check_manifest", "publication.verify:_check_settlements",
             "publication.verify:_check_revisions", mends="the publisher",
             whole=Whole(command=("verify", "COPY"), words=("members/postings.csv", "do not pay on this copy"), in_ci=True)),
    _release("manifest of a release changed", "publication.verify:_check_manifest", ("release id", "manifest"),
             plants_release.copy_changed(("manifest.json", plants_release.put(b'"format": 2', b'"format": 1'))), drives.verify,
             "publication.verify:_check_seal", mends="the publisher",
             whole=Whole(command=("verify", "COPY"), words=("manifest.json", "do not pay"))),
    _release("postings forged and sealed again", "publication.verify:_check_settlements",
             ("posting:", "follows from the open book"),
             plants_release.copy_changed(("members/postings.csv", plants_release.penny_in("amount_pence")), resealed=True), drives.verify,
             "publication.verify:_check_revisions", mends="the publisher",
             whole=Whole(command=("verify", "COPY"), words=("posting:", "do not pay"))),
    _release("decisions forged and sealed again", "publication.verify:_check_decisions", ("decisions.jsonl", "line"),
             plants_release.copy_changed(("members/decisions.jsonl", plants_release.put(b"director", b"direktor")), resealed=True),
             drives.verify, "publication.verify:_check_settlements", "publication.verify:verify_release",
             mends="the publisher", whole=Whole(command=("verify", "COPY"), words=("decisions.jsonl", "do not pay"))),
    _release("terms exchanged and sealed again", "publication.verify:verify_release", ("cannot be judged again",),
             plants_release.copy_changed(("members/terms.yaml", plants_release.put(b"share_pct: 36", b"share_pct: 37")), resealed=True),
             drives.verify, "publication.verify:_check_settlements", mends="the publisher",
             whole=Whole(command=("verify", "COPY"), words=("terms.yaml", "do not pay"))),
    _release("gate record forged and sealed again", "publication.verify:_check_gate", ("gate.json",),
             plants_release.copy_changed(("members/gate.json", plants_release.put(b"All ", b"all ")), resealed=True), drives.verify,
             "publication.verify:_check_settlements", mends="the publisher",
             whole=Whole(command=("verify", "COPY"), words=("gate.json", "do not pay"))),
)  # fmt: skip


def _settings(scene: Scene) -> Any:
    return scene.home.settings()


def _lock(scene: Scene) -> None:
    from orchestration.lock import home_lock

    with home_lock(scene.home):
        pass


_machine = _in("machine")
MACHINE = (
    _machine("two runs at once", "orchestration.lock:home_lock", ("another run is using", "wait until it ends"),
             plants_release.another_run, drives.calling(_lock), money="cut",
             whole=Whole(code=4, words=("another run is using", "wait until it ends"), in_ci=True)),
    _machine("read-only home", "os:EROFS", ("read-only file system",), plants_release.read_only,
             drives.calling(_lock), money="cut",
             whole=Whole(code=4, words=("read-only file system", "check disk space and permissions"), in_ci=True)),
    _machine("home.json that is none", "foundation.home:Home.settings", ("cannot be read", "restore it from backup"),
             plants_release.marker_broken, drives.calling(_settings), money="kept",
             whole=Whole(words=("restore it from backup",))),
)  # fmt: skip

FAULTS: tuple[Fault, ...] = (
    *INTAKE, *IDENTITY, *CUT, *MODELS, *VERDICTS, *TERMS, *SETTLEMENT, *RELEASE, *MACHINE,
)  # fmt: skip
assert AGREEMENT and PERIOD
