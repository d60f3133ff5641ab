"""The forecast says what the gate will say: the same months, the same senders, and nothing else; money as agreed."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.gate_cut import judge_required_feeds
from expectations.intake import take_in
from expectations.requirement import what_was_sent
from foundation.home import Home
from ingest.cut import DataCut, build_cut
from ingest.register import Register, read_receipt, withdraw
from orchestration import cli
from orchestration.cycle import AgreementOnFile, Cycle, agreements_of, place_of
from orchestration.deciding import approve_for_demo
from orchestration.due import calendar_of, deliveries_of, document, lines, month_list
from orchestration.forecasting import PeriodForecast, forecast, gaps
from orchestration.judging import needs_of
from orchestration.landing import waiting_manifests
from orchestration.rooms import contracts
from places import find_place
from settlement.at_stake import agreed_sums, points_of
from settlement.terms import load_terms

ON = date(2025, 6, 1)
FEEDS = ("reference_organisations", "daily_discharge_return", "cost_ledger")
EVERYTHING = 10_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The settlement year 2024/25 of Derby and Derbyshire in a vault and a lake, and nothing built of it."""
    home = Home(tmp_path_factory.mktemp("due") / "home")
    home.create(demo=True, place="derbyshire")
    for item in find_place("derbyshire").submissions():
        year = date(2024, 4, 1) <= item.covers_from and item.covers_to <= date(2025, 3, 31)
        if item.feed in FEEDS and (year or item.feed == "reference_organisations"):
            item.write(home.landing)
    for path in waiting_manifests(home):
        assert take_in(home, path, contracts(), received=date(2025, 5, 1)).accepted
    (agreement,) = agreements_of(home)
    approve_for_demo(home, place_of(home), agreement)
    return home


@pytest.fixture
def house(filled: Home, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(filled.root, tmp_path / "home", symlinks=True)))


def asked_beforehand(home: Home, cut: DataCut, agreements: Sequence[AgreementOnFile]) -> list[PeriodForecast]:
    return forecast(home, cut, what_was_sent(home, cut), agreements, ON)


def sentences(found: Sequence[PeriodForecast]) -> list[str]:
    """What a run now would be refused for, in the gate's words."""
    return [lack.sentence for item in found if item.judged_now for lack in item.lacks]


def judged_by_the_gate(home: Home, cut: DataCut, agreements: tuple[AgreementOnFile, ...]) -> list[str]:
    """The problems of the real check on the same cut, none left out of the list."""
    cycle = Cycle(home, cut, agreements, "d", "c")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("expectations.judgement._SHOWN", EVERYTHING)
        judged = judge_required_feeds(home, cut, needs_of(cycle))
    return list(judged.observed["problems"])


def test_a_whole_year_lacks_nothing(filled: Home) -> None:
    cut, agreements = build_cut(filled), agreements_of(filled)
    (year,) = asked_beforehand(filled, cut, agreements)
    assert (year.period.label, year.judged_now, year.settled, year.lacks) == ("2024-25", True, False, ())
    assert [kpi.lacks for kpi in year.kpis] == [()]
    assert judged_by_the_gate(filled, cut, agreements) == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_forecast_is_what_the_gate_says(filled: Home, data: st.DataObject) -> None:
    """Whatever submissions a cut lacks: the forecast of the periods judged now names the gate's problems, in its words
    and order, and no others."""
    whole, agreements = build_cut(filled), agreements_of(filled)
    ids = [item.submission_id for item in whole.submissions]
    gone = data.draw(st.sets(st.sampled_from(ids), max_size=12))
    cut = DataCut(tuple(item for item in whole.submissions if item.submission_id not in gone))
    register_gone = not cut.of("reference_organisations")
    found = asked_beforehand(filled, cut, agreements)
    assert sentences(found) == judged_by_the_gate(filled, cut, agreements)
    if register_gone:
        assert any(lack.kind == "silent" for item in found for lack in item.lacks)
        return
    # and what it says was not sent is what was taken out of the cut
    out = {
        (item.feed, item.organisation, f"{item.covers_from:%Y-%m}")
        for item in whole.submissions
        if item.submission_id in gone
    }
    told = {(one.feed, one.organisation, one.month) for item in found for one in item.lacks if one.kind == "not_sent"}
    assert told == out
    by_sender = {(gap.feed, gap.organisation, label) for item in found for gap in gaps(item.lacks, contracts())
                 for label in gap.months}  # fmt: skip
    assert by_sender == out
    daily = {one for one in out if one[0] == "daily_discharge_return"}
    of_kpis = {(one.feed, one.organisation, one.month) for item in found for kpi in item.kpis for one in kpi.lacks}
    assert of_kpis == daily, "a ledger is missing to the settlement and not to a KPI"


def test_a_period_that_is_not_over_is_told_and_not_judged(filled: Home) -> None:
    whole, agreements, until = build_cut(filled), agreements_of(filled), date(2024, 12, 31)
    # the register reaches beyond what it asks for: here it ends with the others
    early = [
        dataclasses.replace(item, covers_to=until) if item.feed == FEEDS[0] else item for item in whole.submissions
    ]
    cut = DataCut(tuple(item for item in early if item.covers_to <= until))
    (year,) = asked_beforehand(filled, cut, agreements)
    assert not year.judged_now
    assert {lack.month for lack in year.lacks} == {"2025-01", "2025-02", "2025-03"}
    assert needs_of(Cycle(filled, cut, agreements, "d", "c")) == [], "the gate does not look at it yet"


def test_a_settled_period_is_told_again_when_something_was_taken_back(house: Home) -> None:
    agreements = agreements_of(house)
    folder = house.settlements / "derbyshire-real-only" / "2024-25" / "one"
    folder.mkdir(parents=True)
    (folder / "settlement.json").write_text("{}")
    assert calendar_of(house, ON).forecasts == ()
    one = build_cut(house).of("daily_discharge_return")[0]
    withdraw(house, one.submission_id, "wrong", "sender", contracts(), ON, restatement=True)
    (year,) = calendar_of(house, ON).forecasts
    assert year.settled
    assert year.judged_now
    assert sentences([year]) == judged_by_the_gate(house, build_cut(house), agreements)
    assert [lack.organisation for lack in year.lacks] == [one.organisation]


def test_the_calendar_writes_nothing_and_asks_everybody(filled: Home) -> None:
    before = {path: path.stat().st_mtime_ns for path in filled.root.rglob("*")}
    made = calendar_of(filled, ON)
    assert {path: path.stat().st_mtime_ns for path in filled.root.rglob("*")} == before
    senders = {item.organisation for item in made.deliveries if item.feed == "cost_ledger"}
    assert senders == set(agreements_of(filled)[0].terms.member_ids)
    assert len({(i.feed, i.organisation, i.period.label) for i in made.deliveries}) == len(made.deliveries)
    register = Register.as_known_on(filled, ON)
    months = [i for i in deliveries_of(filled, register, ON) if i.feed == "cost_ledger" and i.complete]
    assert len(months) == 12 * len(senders)
    for item in months:
        receipt = read_receipt(filled, item.counts[0].submission_id)
        assert receipt is not None
        assert (receipt.organisation, receipt.covers_from) == (item.organisation, item.period.start)


def test_the_command_says_and_writes_the_same(house: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    monkeypatch.setenv("COLUMNS", "400")
    gone = next(item for item in build_cut(house).of("cost_ledger") if f"{item.covers_from:%Y-%m}" == "2024-07")
    withdraw(house, gone.submission_id, "wrong", "sender", contracts(), ON, restatement=True)
    ran = CliRunner().invoke(cli.app, ["due", "--home", str(house.root), "--on", "2025-06-01", "--json"])
    assert ran.exit_code == 3, ran.output
    content = json.loads(ran.output)
    (year,) = content["forecast"]
    assert year["would_be_refused"]
    assert [lack["sentence"] for lack in year["lacks"]] == [
        f"derbyshire-real-only: {gone.organisation} sent no cost_ledger for 2024-07"
    ]
    assert [kpi["would_be_withheld"] for kpi in year["kpis"]] == [False]
    assert {item["state"] for item in content["deliveries"]} <= {
        "received_late", "received_on_time", "overdue", "waiting"
    }  # fmt: skip
    (late,) = [
        item
        for item in content["deliveries"]
        if (item["organisation"], item["feed"], item["period"]) == (gone.organisation, "cost_ledger", "2024-07")
    ]
    assert (late["state"], late["due_on"], late["missing_months"]) == ("overdue", "2024-08-20", ["2024-07"])
    spoken = CliRunner().invoke(
        cli.app, ["due", "--home", str(house.root), "--on", "2025-06-01", "--period", "2024-07"]
    )
    assert spoken.exit_code == 3
    text = " ".join(spoken.output.split())
    assert f"overdue {gone.organisation} cost_ledger 2024-07: missing 2024-07, due on 2024-08-20" in text
    assert f"missing {gone.organisation}: cost_ledger for 2024-07; was due on 2024-08-20" in text
    assert "gain, at most £2,862,000.00; loss, at most £1,431,000.00" in text
    assert "nothing is payable" in text


def test_a_line_of_the_register_that_waits_is_foretold(house: Home) -> None:
    """Whom it asks is not known, so nothing can be settled; the gate says so, and so does the forecast."""
    register = next(item for item in find_place("derbyshire").submissions() if item.feed == FEEDS[0])
    last = register.content.splitlines()[-1].replace(b"daily_discharge_return", b"daily_return")
    more = dataclasses.replace(register, content=register.content + last + b"\n", sequence=2, rows=register.rows + 1)
    receipt = take_in(house, more.write(house.landing), contracts(), received=date(2025, 5, 2))
    assert receipt.accepted
    assert receipt.rows_quarantined == 1
    (year,) = calendar_of(house, ON).forecasts
    assert [lack.kind for lack in year.lacks] == ["register_quarantined"]
    assert sentences([year]) == judged_by_the_gate(house, build_cut(house), agreements_of(house))


def test_what_nobody_can_place_is_counted_and_not_quoted(house: Home) -> None:
    """A delivery without a readable manifest belongs to no period: it waits, then it is said whose mailbox it was in."""
    mailbox = house.landing / "RTG"
    mailbox.mkdir(exist_ok=True)
    (mailbox / "Ann Other.csv").write_text("a,b\n1,2\n")
    manifest = mailbox / "Ann Other.csv.manifest.json"
    manifest.write_text("{")
    assert calendar_of(house, ON).landed == 1
    assert not take_in(house, manifest, contracts(), received=ON).accepted
    made = calendar_of(house, ON)
    assert (made.landed, made.nameless) == (0, (("RTG", 1),))
    told = [line for label, line in lines(made) if label == "held back"]
    assert told == ["RTG: 1 file(s) nobody can place: see their receipts in the vault"]
    assert "Ann" not in document(made).decode()


def test_without_approval_no_sum_is_named(house: Home) -> None:
    shutil.rmtree(house.decisions)
    house.decisions.mkdir()
    (year,) = calendar_of(house, ON).forecasts
    assert year.stakes == ()
    assert any("has not approved" in reason for reason in year.unapproved)


@pytest.mark.parametrize("bad", ["2025-13-01", "tomorrow", "2025-06"])
def test_a_day_is_a_day(house: Home, bad: str) -> None:
    from foundation.errors import WrongUsage
    from orchestration.due import day_asked

    with pytest.raises(WrongUsage, match="not a day"):
        day_asked(house, bad)


# what is at stake -----------------------------------------------------------------------------------


def test_the_sums_are_those_of_the_terms(repository: Path) -> None:
    """Read off the terms as agreed: 5 % and 1 % of the base; 2 % and 1 % of the target. None is estimated."""
    top_up = load_terms((repository / "agreements/greenwich-public-health/2024-04-01.yaml").read_bytes())
    shared = load_terms((repository / "agreements/derbyshire-real-only/2024-04-01.yaml").read_bytes())
    assert [(item.what, item.pence) for item in agreed_sums(top_up, "2025-26")] == [
        ("top-up pool", 48_000_000),
        ("bonus, at most", 9_600_000),
    ]
    assert [(item.what, item.pence) for item in agreed_sums(shared, "2024-25")] == [
        ("gain, at most", 286_200_000),
        ("loss, at most", 143_100_000),
    ]
    assert agreed_sums(top_up, "2030-31") == agreed_sums(shared, "2030-31") == ()
    parts = [points_of(top_up, kpi) for kpi in top_up.paid_kpis]
    assert sum((part.weight_pct for part in parts if part), Decimal(0)) == 100
    assert [(part.least, part.most) for part in parts if part][:2] == [
        (Decimal("-18.75"), Decimal("18.75")),
        (Decimal("-25"), Decimal("25")),
    ]
    assert {points_of(top_up, kpi) for kpi in top_up.framework.kpis if kpi.role == "monitored"} == {None}


_MONTHS = st.sets(st.integers(0, 47), min_size=1).map(
    lambda found: [f"{2022 + number // 12}-{number % 12 + 1:02d}" for number in sorted(found)]
)


@given(_MONTHS)
def test_runs_of_months_are_all_the_months_and_no_more(labels: list[str]) -> None:
    def number(label: str) -> int:
        return int(label[:4]) * 12 + int(label[5:])

    told = [part.split(" to ") for part in month_list(labels).split(", ")]
    named = [month for part in told for month in range(number(part[0]), number(part[-1]) + 1)]
    assert named == [number(label) for label in labels]
    assert all(number(two[0]) - number(one[-1]) > 1 for one, two in itertools.pairwise(told))
