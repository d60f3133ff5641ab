"""Samples drawn from contracts; layouts, codes and units as data: the same events in two layouts are the same rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import Refused, WrongUsage
from ingest.conform import conform
from ingest.contract import CONTRACTS as FOLDER
from ingest.contract import Contract, Layout, load_contracts, parse_contract
from ingest.identity.declared import MADE_OF
from ingest.layout_file import file_bytes, sent_text, template_bytes
from ingest.read import choose_layout, read_csv, records_of
from ingest.rules import FINDINGS_PER_RULE, RECORD
from ingest.sample import Sample, sample_of
from ingest.unlisted import FEWEST_ROWS, may_be_named, told

CONTRACTS = load_contracts()
LEDGER = (FOLDER / "cost_ledger.yaml").read_text(encoding="utf-8")


def pairs() -> Iterator[tuple[str, str, str]]:
    for feed, contract in sorted(CONTRACTS.items()):
        for first, second in itertools.combinations(sorted(contract.custom.layouts), 2):
            yield feed, first, second


def drawn(contract: Contract, layout: str) -> Sample:
    """The sample as it would be, did the first sender write another layout."""
    sender = next(iter(contract.custom.senders))
    entry = contract.custom.senders[sender]
    custom = contract.custom.model_copy(update={"senders": {sender: entry.model_copy(update={"layout": layout})}})
    return sample_of(replace(contract, custom=custom), sender)


def taken_in(contract: Contract, layout: str, data: bytes) -> Any:
    """What production makes of a file of a layout."""
    made = conform(read_csv(data, "x.csv", contract, layout), contract)
    assert made.faults == []
    return made.table


def test_every_feed_has_a_layout_of_another_kind() -> None:
    """Column names, dates and codes differ by sender, and are data."""
    layouts = [layout for contract in CONTRACTS.values() for layout in contract.custom.layouts.values()]
    for feed, contract in CONTRACTS.items():
        written = [item for name, item in contract.custom.layouts.items() if name != "clear"]
        assert len(written) >= 2, feed
        assert any(item.columns for item in written), feed
    assert sum(bool(layout.codes) for layout in layouts) >= 10
    assert sum(bool(layout.units) for layout in layouts) >= 3


@pytest.mark.parametrize(("feed", "first", "second"), list(pairs()))
def test_the_same_events_in_two_layouts_are_identical_rows(feed: str, first: str, second: str) -> None:
    contract = CONTRACTS[feed]
    layouts = contract.custom.layouts
    # rows that neither layout leaves anything out of, so that both can say all of it
    gone = {*layouts[first].absent, *layouts[second].absent}
    sample = drawn(contract, first)
    rows = [{name: None if name in gone else value for name, value in row.items()} for row in sample.rows]
    columns = {name: [row[name] for row in rows] for name in contract.column_names}
    tables = [taken_in(contract, name, file_bytes(columns, contract, layouts[name])) for name in (first, second)]
    assert tables[0].equals(tables[1])
    kept = [name for name in contract.column_names if name not in gone]
    assert tables[0].num_rows == len(rows) >= 10
    assert tables[0].select(kept).to_pylist() == [{name: row[name] for name in kept} for row in rows]
    assert any(value is not None for name in kept if name not in contract.key for value in columns[name])


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
def test_a_sample_is_the_same_each_time_and_holds_nobody(feed: str) -> None:
    contract = CONTRACTS[feed]
    for sender in contract.custom.senders:
        sample = sample_of(contract, sender)
        assert sample.file() == sample_of(contract, sender).file()
        assert sample.manifest_bytes() == sample_of(contract, sender).manifest_bytes()
        agreement = contract.agreement_of(sender)
        assert agreement.start <= sample.covers_from <= sample.covers_to <= agreement.end
    for name in contract.custom.layouts:
        for row in drawn(contract, name).rows:
            assert row.get("nhs_number") is None
            assert (row.get("surname") or "Sample").startswith("Sample")


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
def test_a_template_is_the_header_the_reader_takes(feed: str) -> None:
    contract = CONTRACTS[feed]
    for name, layout in contract.custom.layouts.items():
        data = template_bytes(contract, layout)
        header = next(iter(records_of(data.decode(), contract)))
        assert header == list(contract.layout_names(layout).values())
        assert choose_layout(header, contract) == name
        raw = read_csv(data, "x.csv", contract, name)
        assert (raw.row_count, raw.findings) == (0, [])
        short = contract.custom.delimiter.join(header[1:]).encode() + b"\n"
        with pytest.raises(Exception, match="column_missing"):
            read_csv(short, "x.csv", contract, name)


def test_who_does_not_send_has_no_sample_and_what_is_left_open_is_refused() -> None:
    with pytest.raises(WrongUsage, match="acute-trust"):
        sample_of(CONTRACTS["cost_ledger"], "nobody")
    bare = parse_contract(LEDGER.replace("        examples: [line-1]\n", "").encode(), "x.yaml")
    with pytest.raises(Refused, match="what a line looks like"):
        sample_of(bare, "acute-trust")
    short = LEDGER.replace("start: '2022-04-01', end: '2027-03-31'", "start: '2022-04-02', end: '2022-05-30'")
    with pytest.raises(Refused, match="DSA-CL-1"):
        sample_of(parse_contract(short.encode(), "x.yaml"), "acute-trust")


# crosswalks ----------------------------------------------------------------------------------------------------------


def in_finance_layout(rows: list[list[str]]) -> Any:
    contract = CONTRACTS["cost_ledger"]
    names = contract.layout_names(contract.custom.layouts["finance_system"])
    lines = [",".join(names.values()), *(",".join(row) for row in rows)]
    return conform(read_csv("\n".join(lines).encode(), "x.csv", contract, "finance_system"), contract)


def line(number: int, category: str = "COST", amount: str = "1") -> list[str]:
    return ["acute-trust", "demo", "2024-04", f"l-{number}", category, amount, "C", "B", "V"]


def test_codes_on_no_list_are_all_listed_and_counted() -> None:
    codes = ["REFUND"] * 12 + ["reimbursable_cost"] * 9 + ["Smith"] * 3 + ["COST"] * 4 + [" FEE "] * 2
    made = in_finance_layout([line(number, code) for number, code in enumerate(codes)])
    assert made.rows_read == len(codes)
    assert made.table.column("category").to_pylist() == ["reimbursable_cost"] * 4 + ["fee"] * 2
    listed = [item for item in made.faults if item.row is None]
    assert [(item.rule, item.severity, item.column) for item in listed] == [("value.code_unmapped", RECORD, "category")]
    # one of our own codes is not one of theirs
    assert listed[0].message == (
        "Not on the list: 'REFUND' in 12 rows; 'reimbursable_cost' in 9 rows; 1 value in 3 rows that may be a person's "
        "and is not repeated."
    )
    assert [item.row for item in made.faults if item.row] == list(range(1, 25))
    assert made.unreadable == {"category": 24}


def test_a_few_rows_speak_for_themselves() -> None:
    made = in_finance_layout([line(number, "REFUND") for number in range(FEWEST_ROWS - 1)])
    assert [item.row for item in made.faults] == list(range(1, FEWEST_ROWS))


@given(st.dictionaries(st.text(min_size=1, max_size=30), st.integers(1, 60), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_list_of_codes_counts_every_row_and_repeats_no_rare_value(counts: dict[str, int]) -> None:
    message = told(counts)
    named = [text for text in counts if f"'{text}' in {counts[text]} rows" in message]
    assert all(may_be_named(text, counts[text]) and counts[text] >= FEWEST_ROWS for text in named)
    rest = sum(counts.values()) - sum(counts[text] for text in named)
    assert (f"in {rest} row" in message) if rest else ("repeated" not in message)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("REFUND", True),
        ("31b", True),
        ("9434765919", False),
        ("943 476 5919", False),
        ("SE10 9NF", False),
        ("1950-02-03", False),
        ("O'Neill", False),
        ("x" * 41, False),
        ("a\nb", False),
    ],
)
def test_what_does_not_look_like_a_code_is_not_repeated(text: str, named: bool) -> None:
    assert may_be_named(text, 1000) is named
    assert not may_be_named(text, FEWEST_ROWS - 1)


# units ---------------------------------------------------------------------------------------------------------------


@given(st.decimals(0, 9_999_999, places=2))
@settings(max_examples=100, deadline=None)
def test_pence_are_pounds_to_the_penny(pounds: Decimal) -> None:
    layout = CONTRACTS["cost_ledger"].custom.layouts["finance_system"]
    sent = sent_text(pounds, "amount", layout)
    assert "." not in sent
    assert in_finance_layout([line(1, amount=sent)]).table.column("amount").to_pylist() == [pounds]


def test_what_is_no_whole_penny_or_no_figure_takes_its_row_out() -> None:
    made = in_finance_layout(
        [line(1, amount="12345.6"), line(2, amount="£12"), line(3, amount="1e3"), line(4, amount="")]
    )
    assert [(item.rule, item.row) for item in made.faults] == [("value.decimal", row) for row in (1, 2, 3)]
    assert made.table.column("amount").to_pylist() == [None]
    populations = CONTRACTS["populations"]
    nomis = populations.custom.layouts["nomis"]
    names = ",".join(populations.layout_names(nomis).values())
    # residents are whole people: 1.2 thousand is 1200, 1.2345 thousand is nobody's estimate
    rows = [f"ZCX1,E01001234,M,0-4,20220630,{value},F" for value in ("1.2", "1.2345", "3")]
    found = conform(read_csv("\n".join([names, *rows]).encode(), "x.csv", populations, "nomis"), populations)
    assert found.table.column("residents").to_pylist() == [1200, 3000]
    assert [(item.rule, item.row) for item in found.faults] == [("value.integer", 2)]
    with pytest.raises(WrongUsage, match="no exact value"):
        thirds = nomis.units["residents"].model_copy(update={"factor": "3"})
        sent_text(10, "residents", nomis.model_copy(update={"units": {"residents": thirds}}))


def test_a_layout_without_a_code_for_a_value_writes_no_other() -> None:
    layout = Layout(codes={"category": {"COST": "reimbursable_cost"}})
    with pytest.raises(WrongUsage, match="category"):
        sent_text("fee", "category", layout)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{COST: reimbursable_cost, FEE: fee}", "{COST: costs}", "layouts.finance_system.codes.category: costs"),
        ("category: {COST: reimbursable_cost, FEE: fee}", "line: {A: B}", "layouts.finance_system.codes.line"),
        ("{unit: pence, factor: '0.01'}", "{unit: pence, factor: '0'}", "factor"),
        ("{unit: pence, factor: '0.01'}", "{unit: pence, factor: 1e-2}", "factor"),
        ("amount: {unit: pence", "line: {unit: pence", "layouts.finance_system.units.line"),
        ("{property: unit, value: GBP}", "{property: decimals, value: 2}", "no unit"),
        ("examples: [line-1]", "examples: ['a b']", "line: an example"),
        ("source: finance_ledger", "source: hearsay", "captureMethod.source"),
        ("source: finance_ledger", "source: survey", "surveySample"),
    ],
)
def test_what_cannot_be_meant_makes_the_contract_invalid(old: str, new: str, said: str) -> None:
    assert old in LEDGER
    with pytest.raises(Refused) as refusal:
        parse_contract(LEDGER.replace(old, new).encode(), "ledger.yaml")
    assert said in refusal.value.message


def test_tokens_and_dates_are_never_mapped() -> None:
    text = (FOLDER / "stop_smoking.yaml").read_text(encoding="utf-8")
    assert "nhs_number_status" in MADE_OF
    mapped = text.replace("        codes:\n", "        codes:\n          nhs_number_status: {Y: valid}\n")
    assert mapped != text
    with pytest.raises(Refused, match="cannot be mapped"):
        parse_contract(mapped.encode(), "x.yaml")


def test_rows_named_are_as_many_as_a_report_shows() -> None:
    """The list stands beside the rows, and is not lost among them."""
    from ingest.rules import in_order

    made = in_finance_layout([line(number, "REFUND") for number in range(FINDINGS_PER_RULE + 30)])
    shown = in_order(made.faults)
    assert f"'REFUND' in {FINDINGS_PER_RULE + 30} rows" in shown[0].message
    assert isinstance(made.table, pa.Table)
