"""The columns of every table a release holds: name, type and meaning, in order.

Belongs here: what docs/reference/files.md says, as data, so that CSV, Parquet, DuckDB comments and
the data package are written from one place. Not here: where the rows come from.
The test suite compares this module with files.md column by column.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

# kind of column -> Arrow type, DuckDB type, frictionless type
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(20, 9),
    "exact": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "list": pa.string(),
}
DUCKDB = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(20,9)",
    "exact": "VARCHAR",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "list": "VARCHAR",
}
FRICTIONLESS = {
    "text": "string",
    "integer": "integer",
    "decimal": "number",
    "exact": "number",
    "date": "date",
    "boolean": "boolean",
    "list": "string",
}


@dataclass(frozen=True)
class Column:
    """One column. `kind`: text, integer, decimal, date, boolean; `exact` is a decimal of any scale kept as
    its digits; `list` is a list written with spaces between its items."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """One table: what a row is, the columns that order it, and its columns. `figure` names a figure id column."""

    name: str
    comment: str
    order: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def figure(self) -> str | None:
        return "figure_id" if self.columns[0].name == "figure_id" else None

    def arrow(self) -> pa.Schema:
        return pa.schema([pa.field(column.name, ARROW[column.kind]) for column in self.columns])


def _schema(name: str, comment: str, order: str, text: str) -> Schema:
    columns = []
    # a line that ends in a backslash goes on in the next one
    for line in text.replace("\\\n", " ").strip().splitlines():
        column, kind, meaning = (" ".join(part.split()) for part in line.split("|", 2))
        columns.append(Column(column, kind, meaning))
    return Schema(name, comment, tuple(order.split()), tuple(columns))


KPI_RETURN = _schema(
    "kpi_return",
    "One row per agreement, KPI and period: the settlement engine's only view of performance.",
    "agreement_id kpi_id period_start period_kind",
    """
    figure_id | text | kpi:<agreement>:<kpi>:<period>:value
    agreement_id | text | agreement
    kpi_id | text | KPI in the agreement's terms
    period_id | text | settlement or reporting period, e.g. 2024-25, 2025-26-q1
    period_kind | text | month, quarter or year
    period_start | date | first day of the period
    period_end | date | last day of the period
    measurement_start | date | first day the KPI looks at
    measurement_end | date | last day the KPI looks at
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    area_code | text | area the figure is for
    value | decimal | the KPI's value, rounded once, half up, to the agreed published precision; blank if there is none
    value_decimals | integer | that precision
    unit | text | unit of the value
    numerator | decimal | exact numerator, e.g. patient-days
    denominator | decimal | exact denominator, e.g. complete days
    lower | decimal | lower limit of the 95 % interval, at the published precision; blank if not computed
    upper | decimal | upper limit
    interval_method | text | name of the method, or why there is no interval
    polarity | text | low (lower is better) or high
    baseline_value | decimal | the frozen baseline in the terms
    level | text | best of the five levels the value reaches: failure, poor, minimum, stretch, \\
        game_breaking; blank without a value
    quality_status | text | fit, withheld, not_available
    quality_reason | text | one plain sentence; blank when fit
    window_days | integer | days in the measurement window, with the follow-up of its events and the days looked \\
        back on
    covered_days | integer | days of it that the data cut covers
    missing_days | integer | covered days that are incomplete
    data_complete_as_at | date | last day the data cut covers for this KPI
    data_cut_status | text | flex or freeze
    payable_from | date | first day the figure may be settled on
    population_basis | text | resident, registered, caseload, cohort
    data_cut_id | text | id of the data cut
    """,
)

LEDGER = _schema(
    "ledger",
    "The open book: what each member spent in scope. outturn settle reads it as cost_ledger.csv.",
    "agreement_id period_id member_id month line_id",
    """
    agreement_id | text | agreement
    period_id | text | settlement period the month belongs to
    member_id | text | member (a role)
    month | text | month the cost is for, e.g. 2024-04
    line_id | text | line of the member's return, unique within member and month
    category | text | reimbursable_cost or fee
    amount_pence | integer | cost in pence
    contract_reference | text | bilateral contract under which it is paid
    funding_source | text | budget it is paid from
    vat_treatment | text | as the members' finance leads recorded it
    submission_id | text | submission it came in; blank in files made by hand
    """,
)

ADVANCES = _schema(
    "advances",
    "What each member was paid in advance and still has to be recouped.",
    "agreement_id period_id settlement_id member_id",
    """
    agreement_id | text | agreement
    member_id | text | member that received an advance
    balance_pence | integer | what is still to be recouped, before anything is recouped for the period; \\
        0 where it is written off
    period_id | text | settlement period; blank: the one that is settled
    settlement_id | text | earlier settlement of the period that started from it; blank: this one
    carried_pence | integer | what of it the settlement period before left
    carried_from | text | settlement that left it; blank where nothing was carried
    """,
)

STEPS = _schema(
    "steps",
    "The statement is the computation: one row per step, in order.",
    "agreement_id period_id step_number",
    """
    figure_id | text | step:<agreement>:<period>:<step>
    agreement_id | text | agreement
    period_id | text | settlement period
    step_number | integer | order of the step, from 1
    step_id | text | name of the step
    label | text | what it is, in plain words
    formula | text | the arithmetic with names, e.g. target_cost - actual_cost
    arithmetic | text | the arithmetic with numbers
    inputs | list | figure ids (or terms references) it uses
    value | exact | result, unrounded unless the step rounds; exact fractions to 28 digits
    unit | text | GBP, points, ratio, pence
    terms_reference | text | place in the terms that asks for the step
    """,
)

POSTINGS = _schema(
    "postings",
    "What is posted: one row per line of a settlement, in whole pence.",
    "agreement_id period_id line settlement_id figure_id",
    """
    figure_id | text | posting:<agreement>:<period>:<line>
    agreement_id | text | agreement
    period_id | text | settlement period
    settlement_id | text | content hash of the settlement
    line | text | gain, loss, …
    status | text | shadow, payable, withheld
    payer | text | role that pays
    payee | text | role that receives
    amount_pence | integer | signed: positive flows from payer to payee
    contract_reference | text | bilateral contract
    funding_source | text | budget
    vat_treatment | text | as recorded
    document_reference | text | invoice or credit note; blank until there is one
    supersedes | text | settlement id it restates; blank for a first settlement
    """,
)

MEMBER_LINES = _schema(
    "member_lines",
    "Each member's part of a posting, in whole pence.",
    "agreement_id period_id line member_id",
    """
    figure_id | text | member:<agreement>:<period>:<line>:<member>
    agreement_id | text | agreement
    period_id | text | settlement period
    settlement_id | text | content hash of the settlement
    line | text | posting line it is part of
    member_id | text | member, or commissioner-residue
    role | text | role of the member
    weight | decimal | agreed share weight
    amount_pence | integer | signed part of the posting
    cap_pence | integer | the member's cap where one applies; blank otherwise
    note | text | why it differs from the plain share, in words; blank otherwise
    """,
)

PAYMENTS = _schema(
    "payments",
    "Who pays what to whom: every member line as payments, in whole pence.",
    "agreement_id period_id line tier payer payee",
    """
    figure_id | text | payment:<agreement>:<period>:<line>:<payer>:<payee>
    agreement_id | text | agreement
    period_id | text | settlement period
    settlement_id | text | content hash of the settlement
    line | text | posting line it is part of
    tier | text | direct, head or sub_contract: whose contract carries it
    status | text | shadow, payable, withheld: what kind of settlement; payable says nothing of a certificate
    standing | text | shadow, withheld, not_certified, disputed, to_be_restated, accreditation_missing or certified
    payable_from | date | first day after its challenge window, of what is certified; blank otherwise
    payer | text | role that pays
    payee | text | role that receives; commissioner-residue where nobody is paid
    payee_body | text | role of the legal body it is; the payer itself where both are one body
    paid_to | text | who receives the money: the nominated payee, or the member by name
    acts_for | text | for whom the payee holds the contract; blank otherwise
    amount_pence | integer | gross and signed: positive flows from payer to payee
    net_pence | integer | cash that moves: 0 where payer and payee are one body, and where nobody is paid
    contract_reference | text | bilateral contract that carries it
    funding_source | text | budget of the payer
    vat_treatment | text | as the payee's finance lead recorded it
    document | text | invoice, or credit_note where money flows back; blank while nothing is payable
    document_reference | text | what both sides quote on that document; blank without one
    note | text | why no cash moves, in words; blank otherwise
    """,
)

JOURNAL = _schema(
    "journal",
    "The payments as double entry, in each party's own books.",
    "agreement_id period_id entry figure_id",
    """
    figure_id | text | journal:<agreement>:<period>:<entry>:<row>
    agreement_id | text | agreement
    period_id | text | settlement period
    settlement_id | text | content hash of the settlement
    entry | integer | number of the entry; its debits and credits are equal
    date | date | last day of the period; first day for what is brought forward or written off
    status | text | shadow, payable, brought_forward: a balance, not to be booked again, or written_off: no payment
    standing | text | as of the payment it books; blank for what is brought forward or written off
    payable_from | date | as of the payment it books
    party | text | role in whose books the entry stands
    account | text | code of the account; with memo- in shadow
    account_name | text | what the account holds
    debit_pence | integer | pence debited; 0 where credited
    credit_pence | integer | pence credited; 0 where debited
    currency | text | GBP
    reference | text | reference of the invoice or credit note; the payment's figure id without one
    narrative | text | what it is, in words
    """,
)

OUTCOMES = _schema(
    "outcomes",
    "One row per indicator, area and period, after disclosure control and the gate.",
    "indicator_id area_code period_start period_kind",
    """
    figure_id | text | indicator:<indicator>:<area>:<period>:value
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    indicator_name | text | plain name
    area_code | text | area
    area_name | text | its name
    period_kind | text | month, quarter, year, rolling_year
    period_id | text | e.g. 2025-26-q1
    period_start | date | first day
    period_end | date | last day
    value | decimal | published value; blank when marker is w, x or c
    value_text | text | what the page prints: the value at its precision, or the marker
    marker | text | blank, p provisional, w withheld, x not available, c confidential, z not applicable
    reason | text | one plain sentence when there is a marker
    unit | text | unit
    numerator | decimal | blank when the value is
    denominator | decimal | blank when the value is
    lower | decimal | lower 95 % limit
    upper | decimal | upper 95 % limit
    interval_method | text | method, or why there is none
    window_days | integer | days in the period
    covered_days | integer | days the data cut covers
    missing_days | integer | covered days that are incomplete
    data_complete_as_at | date | last day covered
    data_cut_status | text | flex or freeze
    """,
)

BREAKDOWNS = _schema(
    "breakdowns",
    "Parts of an area's figure: one row per indicator, area, period and group, after disclosure control.",
    "indicator_id area_code period_start period_kind breakdown_kind breakdown_group",
    """
    figure_id | text | breakdown:<indicator>:<area>:<period>:<kind>:<group>:value
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    indicator_name | text | plain name
    area_code | text | area whose figure is divided
    breakdown_kind | text | pcn, deprivation or age
    breakdown_group | text | a network's code, a local deprivation fifth (1 the most deprived), an age group
    period_kind | text | month, quarter, year, rolling_year
    period_id | text | e.g. 2025-26-q1, 2025-03-r12
    period_start | date | first day
    period_end | date | last day
    value | decimal | value of the group; blank when marker is w, x or c
    marker | text | blank, p provisional, w withheld, x not available, c confidential, z not applicable
    reason | text | one plain sentence when there is a marker
    unit | text | unit
    numerator | decimal | blank when the value is, and for means and medians in public
    denominator | decimal | blank when the value is
    lower | decimal | lower 95 % limit
    upper | decimal | upper 95 % limit
    interval_method | text | method, or why there is none
    data_cut_status | text | flex or freeze
    """,
)

INDICATOR_EVENTS = _schema(
    "indicator_events",
    "What the figures of people are made of: one row per event of the denominator, or of the numerator of a rate.",
    "indicator_id event_date person_token",
    """
    indicator_id | text | indicator in the catalogue
    person_token | text | token of the person, made for the analysts of this place; blank where nobody could be linked
    event_date | date | date the event counts on
    numerator | integer | 1 when it counts in the numerator
    denominator | integer | 1 when it counts in the denominator
    amount | integer | days, for means and medians
    pcn | text | primary care network of the person in the month of the event
    deprivation | text | local deprivation fifth, 1 the most deprived
    age_group | text | age group
    """,
)

SPC_POINTS = _schema(
    "spc_points",
    "One row per plotted month: value, process limits and the rule that names the point.",
    "indicator_id area_code period_start",
    """
    figure_id | text | the month's indicator figure
    indicator_id | text | indicator
    area_code | text | area
    period_id | text | month
    period_start | date | first day
    value | decimal | the plotted value
    chart | text | xmr, or run below 13 points
    centre_line | decimal | mean (median on a run chart)
    lower_limit | decimal | lower process limit; blank on a run chart
    upper_limit | decimal | upper process limit; blank on a run chart
    point_type | text | common_cause, special_cause_improvement, special_cause_concern, \\
        special_cause_neutral_high, special_cause_neutral_low
    special_cause | text | rule that names the point; Common Cause if none
    """,
)

INEQUALITY = _schema(
    "inequality",
    "Inequality between the local fifths of deprivation, before disclosure control: one row per indicator, area and "
    "year or twelve months. All measures look from the least to the most deprived.",
    "indicator_id area_code period_start period_kind",
    """
    figure_id | text | the area's figure
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    area_code | text | area
    period_kind | text | year or rolling_year
    period_id | text | e.g. 2025-26-q1, 2025-03-r12
    period_start | date | first day
    period_end | date | last day
    marker | text | blank, p, w or x, as the area's figure; x also where one of the five fifths has no figure
    reason | text | one plain sentence when there is a marker
    unit | text | unit of the figure, the gap and the slope
    most_deprived | decimal | value of the most deprived fifth
    least_deprived | decimal | value of the least deprived fifth
    absolute_gap | decimal | the most deprived less the least deprived
    relative_gap | decimal | the most deprived over the least deprived, two decimals; blank where the latter is 0
    slope_index | decimal | slope index of inequality: the difference along the fitted line from the least \\
        deprived end to the most deprived end
    slope_lower | decimal | lower 95 % limit, simulated
    slope_upper | decimal | upper 95 % limit
    relative_index | decimal | relative index of inequality: the ratio of these ends, two decimals
    relative_lower | decimal | lower 95 % limit, simulated
    relative_upper | decimal | upper 95 % limit
    index_method | text | method of both indices, or why there are none
    data_cut_status | text | flex or freeze
    """,
)

FUNNEL = _schema(
    "funnel",
    "Networks in the funnel of chance around what they have together, before disclosure control: no levels, no ranks.",
    "indicator_id area_code period_start period_kind breakdown_group",
    """
    figure_id | text | breakdown:<indicator>:<area>:<period>:pcn:<network>:value
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    area_code | text | area
    breakdown_group | text | network's code
    period_kind | text | month, quarter, year, rolling_year
    period_id | text | e.g. 2025-26-q1, 2025-03-r12
    period_start | date | first day
    period_end | date | last day
    basis | text | what is compared: proportion, crude rate, or standardised ratio (events observed over \\
        expected, 100 is as expected)
    events | decimal | exact events
    size | decimal | exact denominator: people, person-months or expected events
    value | decimal | value compared, on the scale of the figure; a standardised ratio to one decimal
    centre | decimal | value of all networks together; 100 for a ratio
    lower_95 | decimal | lower limit at p = 0.025; blank beyond 10,000 events of a rate or ratio, and where one \\
        person's events repeat
    upper_95 | decimal | upper limit at p = 0.025; blank also where there are no events of a rate or ratio, and where \\
        one person's events repeat
    lower_99_8 | decimal | lower limit at p = 0.001
    upper_99_8 | decimal | upper limit at p = 0.001
    significance | text | Low (0.001), Low (0.025), Not significant, High (0.025), High (0.001): the network's \\
        own interval against the centre; or why it is not judged
    marker | text | blank, p or w, as the area's figure
    reason | text | one plain sentence when there is a marker
    data_cut_status | text | flex or freeze
    """,
)

OBSERVED_EXPECTED = _schema(
    "observed_expected",
    "Events of each network against those expected at the area's own rates by age (indirect standardisation), before "
    "disclosure control.",
    "indicator_id area_code period_start period_kind breakdown_group",
    """
    figure_id | text | breakdown:<indicator>:<area>:<period>:pcn:<network>:value
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    area_code | text | area, which is the reference
    breakdown_group | text | network's code, or unknown
    period_kind | text | month, quarter, year, rolling_year
    period_id | text | e.g. 2025-26-q1, 2025-03-r12
    period_start | date | first day
    period_end | date | last day
    observed | integer | events of the network's people
    expected | decimal | events they would have had at the area's rate in each band of age
    ratio | decimal | observed over expected, times 100, one decimal; 100 is as expected
    lower | decimal | lower 95 % limit
    upper | decimal | upper 95 % limit
    interval_method | text | method, or why there is none
    marker | text | blank, p, w or x, as the area's figure; x also where no ratio can be formed
    reason | text | one plain sentence when there is a marker
    data_cut_status | text | flex or freeze
    """,
)

TREND = _schema(
    "trend",
    "Whether the latest five settled years, and the latest five settled quarters, of an area's figure rise or fall, "
    "before disclosure control.",
    "indicator_id area_code period_kind",
    """
    figure_id | text | the area's figure of the latest point
    indicator_id | text | indicator in the catalogue
    indicator_version | integer | version of its definition
    area_code | text | area
    period_kind | text | year or quarter
    first_period_id | text | first of the points
    last_period_id | text | last of the points
    points | integer | how many there are, at most five
    trend | text | Increasing or Decreasing, with AndGettingBetter or AndGettingWorse where the indicator has a \\
        direction; NoChange; CannotBeCalculated
    chi_squared | decimal | squared slope over its variance; above 9.5495 is a trend
    reason | text | why there is none, where it cannot be calculated
    """,
)

INDICATORS = _schema(
    "indicators",
    "The catalogue, as published.",
    "indicator_id version",
    """
    indicator_id | text | id
    version | integer | version of the definition
    name | text | plain name
    outcome | text | outcome it serves
    definition | text | one paragraph in plain words
    numerator_definition | text | what is counted
    denominator_definition | text | out of what
    exclusions | text | what is left out, and why
    statistic | text | census_mean, ratio_of_sums, proportion, published_percentage, crude_rate, dsr, mean, \\
        median, maintained_proportion, share_of_events
    unit | text | unit of the value
    polarity | text | low, high or neutral
    value_decimals | integer | published precision
    kind | text | outcome, process, output
    owner | text | role that owns the definition
    source | text | where the data come from, with licence
    caveat | text | what a reader must know before quoting it
    metric | text | the measured figure in one phrase: an outcome is served by the indicator, the indicator \\
        measured by its metric
    domain | text | field of care or public health it belongs to
    clinical_or_functional | text | clinical or functional
    local_or_national | text | local or national definition
    population_basis | text | resident, registered, caseload, cohort
    measurement_window | text | which dates the figure of a period looks at
    follow_up_window | text | how long its events are watched
    maturity | text | from when on a figure may be scored
    lag | text | when a figure is usually known
    capture_method | text | how the data are recorded and sent
    clinical_reviewer | text | role that reviews the definition; blank for a functional one
    reference_ids | list | ids of national counterparts as scheme:id; blank where there is none
    bridge | text | why the local figure differs from the national one; blank without a counterpart
    feeds | list | feeds whose returns a complete period needs
    period_kinds | list | kinds of period it has figures for
    breakdowns | list | what it is divided by beside the area as a whole; blank if by nothing
    effective_from | date | first day this version holds for
    definition_hash | text | SHA-256 of the whole definition
    breaks | list | first days of the versions after the first: a series may change there for no other \\
        reason; blank without one
    look_back_days | integer | days before the period's first day that some of its feeds must cover as well; they are \\
        in window_days
    events_repeat | boolean | whether one person has several of its events: they are not independent, and no funnel \\
        judges a network by them
    by_last_day | boolean | whether a figure follows from the last day of its period alone, such as a waiting list: \\
        periods that end together have one and the same
    family | text | indicators that count the same people share its name; blank without kin
    family_lead | boolean | whether its groups are shown before those of its kin
    numerator_counts | list | which of the family's people the numerator counts, in words that do not overlap; \\
        blank where it counts none
    denominator_counts | list | the same for the denominator
    case_values | list | the least and, where there is one, the most that a case adds to a mean; blank for other \\
        statistics
    """,
)

GAMING_MONITORS = _schema(
    "gaming_monitors",
    "Whether what lies around a figure moved beyond chance in a way that helps it and nobody: questions, for members.",
    "monitor indicator_id area_code",
    """
    monitor | text | shrinking_denominator, activity_up_outcome_flat, zero_nights, fall_coding or window_edge
    indicator_id | text | indicator it is a question about
    indicator_name | text | plain name
    area_code | text | area
    recent_start | date | first day of the latest six complete months
    recent_end | date | their last day
    earlier_start | date | first day of the same months a year before
    earlier_end | date | their last day
    recent_part | integer | how many in the latest months
    recent_whole | integer | of how many; blank for a count
    earlier_part | integer | how many a year before
    earlier_whole | integer | of how many; blank for a count
    recent_share | decimal | per cent in the latest months; blank for a count
    earlier_share | decimal | per cent a year before; blank for a count
    status | text | raised, quiet, or not_enough where months or cases are missing or the definition changed
    finding | text | one sentence: what was found and what to ask
    """,
)

YEAR_END_FORECASTS = _schema(
    "year_end_forecasts",
    "Where indicators, activity and cost will stand at the end of the financial year, with limits from a back-test.",
    "measure subject_id area_code",
    """
    measure | text | value of an indicator, activity (events or cases) or cost of an agreement
    subject_id | text | indicator, or agreement for a cost
    subject_name | text | plain name; of an agreement its id
    area_code | text | area
    year_id | text | financial year that is forecast
    known_to | date | last day of the latest complete month
    months_known | integer | months of the year that are known
    so_far | decimal | the same figure over the months known
    forecast | decimal | figure of the year if the months to come are those of the year before
    lower | decimal | lower 95 % limit; blank without three earlier forecasts to test on
    upper | decimal | upper 95 % limit; blank without three earlier forecasts to test on
    unit | text | unit of the value, cases or pounds
    origins | integer | earlier forecasts over as many months that the limits rest on
    basis | text | one sentence: what the limits rest on, or why there are none
    """,
)

SEGMENTS = _schema(
    "segments",
    "People, events and providers of segments and target groups by quarter, and whether they are enough "
    "to say anything.",
    "period_start group_kind group_id item_kind item_id",
    """
    area_code | text | area of the alliance
    period_id | text | quarter, e.g. 2024-25-q1
    period_start | date | first day; people belong to a group as on this day
    period_end | date | last day
    group_kind | text | primary (each person in one), overlay (everybody who meets the rule of a segment) or \
        target_group
    group_id | text | group; everybody_else is in no segment, came_later was not registered on the first day
    group_name | text | plain name
    rule_version | integer | version of the rule; blank where there is none
    item_kind | text | what is counted: people, indicator (events) or provider (people it saw)
    item_id | text | registered, an indicator, or the code of an organisation
    number | integer | people or events; blank where the data do not cover the quarter
    share_pct | decimal | per cent of all registered, of all events of the area, or of the group's people
    least_number | integer | number below which the group is too small; blank where none is agreed
    smallest_difference_pct | decimal | smallest rise to another quarter that could be told from noise; blank \
        without events
    adequacy | text | enough, too small, single provider, several providers, not judged or not covered
    is_open | boolean | whether people may still join or leave because a rule looks ahead further than deaths are known
    """,
)

UNMET_NEED = _schema(
    "unmet_need",
    "People a service reached against those expected at the alliance's own rates, by network, "
    "deprivation fifth and age group.",
    "service period_start period_kind group_kind group_id",
    """
    service | text | drug_and_alcohol_treatment (in treatment), health_check (received) or reablement (begun)
    area_code | text | area of the alliance, which is the reference
    period_kind | text | quarter or year
    period_id | text | e.g. 2024-25-q1
    period_start | date | first day
    period_end | date | last day
    group_kind | text | pcn, deprivation or age
    group_id | text | group of that kind, or unknown
    people | integer | people of the ages the service is for, on the first of the last month
    reached | integer | those of them who were reached in the period, each once
    expected | decimal | how many would have been at the alliance's rates by age and sex; of age groups, by sex
    gap | decimal | expected less reached, one decimal
    gap_lower | decimal | lower 95 % limit of the gap
    gap_upper | decimal | upper 95 % limit of the gap
    interval_method | text | Byar, or exact Poisson below ten people reached
    gap_rank | integer | 1 for the largest gap of the service, period and kind; blank where the limits include none
    """,
)

STATEMENT = _schema(
    "statement",
    "The alliance's total per settlement; never a member's money.",
    "agreement_id period_id line",
    """
    figure_id | text | posting:<agreement>:<period>:<line>
    agreement_id | text | agreement
    agreement_name | text | its name
    period_id | text | settlement period
    status | text | shadow, payable, withheld
    line | text | gain or loss
    alliance_total_pence | integer | the alliance's total, signed
    kpi_score | decimal | overall score, to two decimals
    reason | text | one plain sentence
    if_unchanged_pence | integer | all lines of the settlement together, had every paid figure stayed at its \\
        baseline; blank where that cannot be said
    """,
)

REVISIONS = _schema(
    "revisions",
    "What moved from release to release of this place, as the public sees it.",
    "sequence what name",
    """
    sequence | integer | number of the release in the order of publication, from 1
    release_id | text | that release; blank: this one
    published_on | date | day its publication was recorded; blank for this one
    what | text | release, statement or figure
    name | text | figure id; of a release a hash of its tables without this list
    before | text | what was printed before; blank when the figure is not shown now, or was not there
    after | text | what was printed then; blank when it is gone, or, of a former release, not shown now
    difference_pence | integer | by how much a line of the statement moved; of a release all lines together
    words | text | what moved, in words
    """,
)

COMPLETENESS = _schema(
    "completeness",
    "Per indicator and month: on how many days every organisation that must report did.",
    "indicator_id period_start",
    """
    indicator_id | text | indicator
    period_id | text | month
    period_start | date | first day
    expected_days | integer | days in the month that the data cut should cover
    complete_days | integer | days every required organisation reported
    missing_days | integer | the others
    missing_pct | decimal | share of missing days, one decimal
    withheld | boolean | whether that is above the agreed limit
    """,
)

PRIOR_POSTINGS = Schema(
    "prior_postings", "Postings of earlier settlements of the same periods.", POSTINGS.order, POSTINGS.columns
)

# What each folder of a release holds, in the order it is written.
BOUNDS_IF_MISSING = _schema(
    "bounds_if_missing",
    "Between what KPIs that lack reports could have come out, had those who did not report done so: no score reads it.",
    "agreement_id kpi_id period_id",
    """
    figure_id | text | the KPI's figure in kpi_return
    agreement_id | text | agreement
    kpi_id | text | KPI in the agreement's terms
    period_id | text | settlement period
    missing_days | integer | days of the measurement window that lack a report
    absent_pct | decimal | per cent of the rows absent, by what those who did not report usually send; blank where \\
        one of them never sent anything
    value | decimal | value from what was received
    lowest | decimal | lowest it could have been; blank without a range
    highest | decimal | highest it could have been; blank without a range
    level | text | level of the value; blank without levels
    level_at_lowest | text | level the lowest would have reached
    level_at_highest | text | level the highest would have reached
    basis | text | one sentence: what the range assumes, or why there is none
    """,
)
SURVEY_RESULTS = _schema(
    "survey_results",
    "Weighted shares of what residents answer in a survey, with its response rate, before disclosure control.",
    "organisation period_start period_kind item_id breakdown_kind breakdown_group",
    """
    organisation | text | sender of the survey: surveys are not added up
    period_kind | text | quarter or year of asking
    period_id | text | e.g. 2025-26-q1
    period_start | date | first day
    period_end | date | last day
    item_id | text | question
    item_name | text | what a yes says
    breakdown_kind | text | all, age_band, lives_alone, carer, long_term_condition
    breakdown_group | text | all, the answer that makes the group, or unknown where it was not said
    asked | integer | people the survey asked in the period, of every group
    responded | integer | those of them who answered
    response_pct | decimal | the same in per cent, one decimal
    answers | integer | valid answers of the group to the question
    yes_answers | integer | those who said yes
    effective_answers | decimal | answers of a plain sample that say as much, one decimal
    value | decimal | weighted per cent who say yes; blank where all weights are nought
    lower | decimal | lower 95 % limit, by Wilson on the effective answers
    upper | decimal | upper 95 % limit
    quality_status | text | fit, withheld, too_small or not_available, as in kpi_return; no score reads it
    quality_reason | text | one plain sentence; blank when fit
    """,
)
SPEND_BY_LEVEL = _schema(
    "spend_by_level",
    "What an agreement's open book spent by level of the wedge and year, and how it moved: no score reads it.",
    "agreement_id year_id level",
    """
    agreement_id | text | agreement
    year_id | text | financial year, e.g. 2024-25
    level | text | 1 to 5 as the terms put lines on levels (`spend_levels`), or unmapped: what they leave out
    spend_pence | integer | spend in pence; the levels and unmapped of a year add up to the ledger
    total_pence | integer | spend of all levels, mapped or not
    share_pct | decimal | per cent of the total, one decimal; blank where nothing was spent
    member_months | integer | months of members' returns the year rests on
    change_pence | integer | more than the year before; blank where the two years are not alike
    change_pct | decimal | the same in per cent; blank too where there was nothing before
    share_change | decimal | percentage points the share rose, from the shares as printed
    why_no_change | text | one sentence where there is no change to tell; blank otherwise
    """,
)
MILESTONES = _schema(
    "milestones",
    "Each crossing of an agreed level by a KPI, one row a milestone and crossing, read anew from the standing returns.",
    "agreement_id kpi_id period_kind period_id milestone",
    """
    agreement_id | text | agreement
    kpi_id | text | KPI in the agreement's terms
    period_kind | text | quarter or year: the series it is told in
    period_id | text | period of the figure
    milestone | text | level of the terms: poor, minimum, stretch or game_breaking
    figure_id | text | the KPI's figure in kpi_return that crossed; one may cross several levels at once
    milestone_value | decimal | its value; at it, it is reached
    direction | text | reached or lost: to the better or to the worse, whatever the polarity
    value | decimal | value of the KPI
    earlier_figure_id | text | the fit figure before it, which lay on the other side
    earlier_period_id | text | its period; periods between had no figure fit to be scored
    earlier_value | decimal | its value
    """,
)
DISCLOSURE = _schema(
    "disclosure",
    "What is hidden from the public tables, why, and the attack it withstood: one row per figure and what is left out.",
    "figure_id what",
    """
    figure_id | text | figure that is hidden, whole or in part
    what | text | value: the whole figure; numerator: its exact parts; count: a hidden count that is open already
    why | text | small, secondary, linked tables, former release, protects a withheld figure, already open
    reason | text | the sentence that stands in its place
    unknowns | integer | unknown counts the attack on it was made over, after what cannot matter was left out; 0: none
    equations | integer | sums that tie them
    releases | list | ids of the former releases it was tried beside, the oldest first
    """,
)
PUBLIC = (OUTCOMES, BREAKDOWNS, SPC_POINTS, INDICATORS, STATEMENT, COMPLETENESS, REVISIONS)
MEMBERS = (LEDGER, KPI_RETURN, STEPS, POSTINGS, MEMBER_LINES, PAYMENTS, JOURNAL, ADVANCES, PRIOR_POSTINGS)
MEASURES = Schema(
    "measures",
    "One row per indicator, area and period before disclosure control: withheld values are kept and marked.",
    OUTCOMES.order,
    tuple(column for column in OUTCOMES.columns if column.name != "value_text"),
)
# Made of the figures and for analysts alone: no page and no public table shows them.
COMPARED = (INEQUALITY, FUNNEL, OBSERVED_EXPECTED, TREND, SURVEY_RESULTS)
# About the figures, not of them: questions, an outlook and what is not known, for members and analysts.
WATCHED = (GAMING_MONITORS, YEAR_END_FORECASTS, BOUNDS_IF_MISSING, SPEND_BY_LEVEL, MILESTONES)
# About groups of people, for analysts alone.
GROUPED = (SEGMENTS, UNMET_NEED)
ANALYST = (MEASURES, BREAKDOWNS, SPC_POINTS, *COMPARED, *WATCHED, *GROUPED, INDICATORS, COMPLETENESS)
