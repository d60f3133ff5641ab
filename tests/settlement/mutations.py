"""Rules of settlement broken on purpose, and the property that must notice: a table, kept with the rules.

Belongs here: the number of the property on the design page of settlement, the test that holds it, the text of a rule
and what it is replaced by. Not here: running them (`test_settlement_mutations`).
"""

from __future__ import annotations

from typing import NamedTuple

PLAIN = "test_settlement_properties.py"
TOP_UP = "test_settlement_top_up_properties.py"
RATES = "test_settlement_rates.py"
DRAWN = "test_settlement_drawn_terms.py"
GATE = "test_settlement_gate.py"


class Mutation(NamedTuple):
    """A rule broken: `old`, which stands once in `settlement/<file>`, replaced by `new`."""

    number: int
    what: str
    test: str
    file: str
    old: str
    new: str

    @property
    def name(self) -> str:
        return f"{self.number}: {self.what}"


MUTATIONS = (
    Mutation(
        1,
        "what no member may bear is dropped",
        f"{PLAIN}::test_allocation_adds_up_and_keeps_caps",
        "allocate.py",
        "        sign * (size - sum(parts.values())),",
        "        0,",
    ),
    Mutation(
        1,
        "the last penny of the remainder goes to nobody",
        f"{PLAIN}::test_allocation_adds_up_and_keeps_caps",
        "allocate.py",
        "by_remainder[:left]",
        "by_remainder[1:left]",
    ),
    Mutation(
        2,
        "members stand in the order of the file",
        f"{PLAIN}::test_2_order_does_not_matter",
        "allocate.py",
        "for member in sorted(parts)}",
        "for member in parts}",
    ),
    Mutation(
        3,
        "a better score lowers the gain",
        f"{PLAIN}::test_3_spending_less_and_doing_better_never_cost",
        "pool.py",
        '    formula = "shared * gain_factor"\n',
        '    formula = "shared * max(2 - gain_factor, 0)"\n',
    ),
    Mutation(
        3,
        "a band takes back what the one before it gave",
        f"{PLAIN}::test_3_spending_less_and_doing_better_never_cost",
        "pool.py",
        "max({reached} - {previous} * target_cost, 0)",
        "min({previous} * target_cost - {reached}, 0)",
    ),
    Mutation(
        4,
        "the cap on gain is a floor",
        f"{PLAIN}::test_1_4_14_conservation_caps_and_evidence",
        "pool.py",
        '"min(gain, gain_cap * target_cost)"',
        '"max(gain, gain_cap * target_cost)"',
    ),
    Mutation(
        4,
        "the cap on loss is a floor",
        f"{DRAWN}::test_any_terms_settle_on_any_performance",
        "pool.py",
        """f"min(loss, {', '.join(limits)})\"""",
        """f"max(loss, {', '.join(limits)})\"""",
    ),
    Mutation(
        4,
        "a stop-loss is not kept",
        f"{PLAIN}::test_4_no_member_bears_more_than_its_stop_loss",
        "allocate.py",
        "min(part, limits.get(member, part))",
        "part",
    ),
    Mutation(
        5,
        "the corridor of a loss lies on the other side",
        f"{PLAIN}::test_5_gain_and_loss_of_the_same_size_are_opposite",
        "pool.py",
        '"saving + least_loss * target_cost"',
        '"saving - least_loss * target_cost"',
    ),
    Mutation(
        6,
        "a line begins at its other end",
        f"{PLAIN}::test_6_a_curve_is_monotone_within_its_knots",
        "curves.py",
        "return part.y0 + (x - part.x0)",
        "return part.y1 + (x - part.x0)",
    ),
    Mutation(
        6,
        "a step gives the worse level",
        f"{PLAIN}::test_stepped_points_are_those_of_the_level_reached",
        "curves.py",
        "(x0, y0) if y0 <= y1 else (x1, y1)",
        "(x0, y0) if y0 > y1 else (x1, y1)",
    ),
    Mutation(
        7,
        "more is taken back than was advanced",
        f"{PLAIN}::test_7_advances_are_recouped_and_carried",
        "postings.py",
        "member: -min(max(part, 0), balances.get(member, 0)) for",
        "member: -max(part, 0) for",
    ),
    Mutation(
        7,
        "more is taken back than is paid",
        f"{PLAIN}::test_7_advances_are_recouped_and_carried",
        "postings.py",
        "member: -min(max(part, 0), balances.get(member, 0)) for",
        "member: -balances.get(member, 0) for",
    ),
    Mutation(
        7,
        "a withheld restatement forgets what was recouped",
        f"{PLAIN}::test_7_recouped_and_carried_are_the_balance_however_often_it_is_restated",
        "engine.py",
        '        now = {**now, "recoup": before["recoup"]}\n',
        "",
    ),
    Mutation(
        8,
        "a restatement posts the whole again",
        f"{PLAIN}::test_8_restating_posts_differences",
        "restate.py",
        '"new - posted_before"',
        '"new - 0 * posted_before"',
    ),
    Mutation(
        9,
        "a forfeited settlement is paid",
        f"{PLAIN}::test_9_10_no_gain_on_what_is_not_proved",
        "lines.py",
        'if whole == "forfeit":',
        'if whole == "never":',
    ),
    Mutation(
        9,
        "forfeited KPIs are paid at the worst score",
        f"{DRAWN}::test_9_nothing_is_paid_on_figures_that_nobody_reported",
        "lines.py",
        "if score.all_forfeit and scored:",
        "if False:",
    ),
    Mutation(
        9,
        "a withheld settlement is paid",
        f"{TOP_UP}::test_9_nothing_is_paid_on_a_settlement_that_is_stopped",
        "lines.py",
        'return whole == "withhold" or score',
        "return score",
    ),
    Mutation(
        10,
        "a neutral KPI's part of the pool goes to the others",
        f"{TOP_UP}::test_the_lines_are_the_page_s_formula",
        "score.py",
        'in ("pay", "forfeit", "deem") else 0',
        'in ("pay", "forfeit", "deem", "neutral") else 0',
    ),
    Mutation(
        10,
        "a neutral settlement is paid",
        f"{PLAIN}::test_9_10_no_gain_on_what_is_not_proved",
        "lines.py",
        '    if whole == "neutral":\n        reason =',
        '    if whole == "never":\n        reason =',
    ),
    Mutation(
        11,
        "the id of a settlement depends on when it is made",
        f"{PLAIN}::test_11_13_same_inputs_same_bytes_and_no_float",
        "engine.py",
        '            "engine_version": ENGINE_VERSION,',
        '            "engine_version": __import__("secrets").token_hex(),',
    ),
    Mutation(
        12,
        "exactly the least saving does not pay",
        f"{PLAIN}::test_12_exactly_the_least_saving_pays",
        "pool.py",
        "if saving_rate >= least_saving else",
        "if saving_rate > least_saving else",
    ),
    Mutation(
        13,
        "a float passes for an exact number",
        f"{PLAIN}::test_13_a_float_is_refused",
        "exact.py",
        "if isinstance(value, bool) or not isinstance(value, (int, Decimal)):",
        "if isinstance(value, bool):",
    ),
    Mutation(
        14,
        "a posting is built without the gate's record",
        f"{TOP_UP}::test_1_4_14_16_conservation_caps_evidence_and_base",
        "postings.py",
        "if not isinstance(gate, GateRecord) or (gate.agreement_id, gate.period_id) != own:",
        "if False:",
    ),
    Mutation(
        15,
        "a figure that was not reported scores the curve's best",
        f"{PLAIN}::test_9_15_a_forfeited_kpi_never_helps",
        "score.py",
        "Given(terms.curve(kpi).worst,",
        "Given(terms.curve(kpi).best,",
    ),
    Mutation(
        15,
        "who gains may record the cause",
        f"{GATE}::test_nobody_who_gains_records_a_cause",
        "approvals.py",
        'if record.signer not in allowed.get(body["cause"], ()) or vote_fault(records, record, terms):',
        "if vote_fault(records, record, terms):",
    ),
    Mutation(
        16,
        "the base falls",
        f"{TOP_UP}::test_1_4_14_16_conservation_caps_evidence_and_base",
        "top_up.py",
        '        "agreed_base",\n',
        '        "agreed_base / 2",\n',
    ),
    Mutation(
        17,
        "the dearest member's cost stands for all",
        f"{PLAIN}::test_16_17_18_cost_moved_between_members_changes_nothing",
        "pool.py",
        '    formula = " + ".join(uses)\n    if (factor',
        '    formula = "max(" + ", ".join(uses) + ", 0)"\n    if (factor',
    ),
    Mutation(
        18,
        "one member's cost counts twice",
        f"{PLAIN}::test_16_17_18_cost_moved_between_members_changes_nothing",
        "pool.py",
        '            "book / 100",',
        '            "book / 50" if member == min(costs) else "book / 100",',
    ),
)
# Cheap enough for every run: whoever breaks the runner hears of it before the long run.
FAST = ("what no member may bear is dropped", "a line begins at its other end", "exactly the least saving does not pay")
