"""Gates that no fault of the matrix names: the test that shows each at work, or why none does.

A rule of intake is named in its test's file; a refusing function has a test of its own.
"""

RIGHTS = "tests/expectations/test_peoples_rights.py"
RECOVERY = "tests/crash/test_recovery.py"
CATALOGUE = "tests/expectations/test_intake_catalogue.py"

ELSEWHERE: dict[str, str] = {
    "delivery.agreement_not_in_force": CATALOGUE,
    "delivery.empty": CATALOGUE,
    "delivery.file_missing": CATALOGUE,
    "delivery.manifest_unreadable": CATALOGUE,
    "delivery.name_unsafe": CATALOGUE,
    "delivery.no_rows": CATALOGUE,
    "delivery.too_large": CATALOGUE,
    "delivery.type_refused": CATALOGUE,
    "encoding.mixed": CATALOGUE,
    "encoding.nul": CATALOGUE,
    "history.volume_spike": CATALOGUE,
    "row.outside_window": CATALOGUE,
    "row.pattern": CATALOGUE,
    "structure.column_identifying": CATALOGUE,
    "structure.column_missing": CATALOGUE,
    "structure.delimiter": CATALOGUE,
    "structure.field_too_long": CATALOGUE,
    "structure.footer": CATALOGUE,
    "structure.header_duplicate": CATALOGUE,
    "structure.header_repeated": CATALOGUE,
    "structure.header_rows": CATALOGUE,
    "structure.preamble": CATALOGUE,
    "structure.quote": CATALOGUE,
    "structure.ragged": CATALOGUE,
    "structure.too_many_columns": CATALOGUE,
    "table.column_empty": CATALOGUE,
    "value.date": CATALOGUE,
    "value.date_format": CATALOGUE,
    "value.decimal": CATALOGUE,
    "value.integer": CATALOGUE,
    "value.invisible_character": CATALOGUE,
    "row.required": "tests/expectations/test_intake_people.py",
    "person.erased": f"{RIGHTS}::test_a_row_of_an_erased_person_that_is_sent_again_stays_out",
    "person.objected": f"{RIGHTS}::test_an_objection_counts_in_every_feed_and_can_be_taken_back",
    "person.opted_out": f"{RIGHTS}::test_a_row_of_a_person_who_opted_out_is_held_back_where_the_opt_out_applies",
    "ingest.register:read_redaction": f"{RIGHTS}::test_what_says_which_rows_were_emptied_is_missed_when_it_is_damaged",
    "ingest.identity.links:_entries": "tests/ingest/test_identity_link.py::test_corrections_are_kept_with_reason_and_name",
    "ingest.register:withdraw": "tests/expectations/test_identity_intake.py::test_withdrawing_after_the_freeze_is_a_restatement",
    "orchestration.bound:require_parent": f"{RECOVERY}::test_a_process_ends_with_the_run_it_works_for_and_the_next_waits_for_it",
    "orchestration.bound:wait_for_hands": f"{RECOVERY}::test_a_process_ends_with_the_run_it_works_for_and_the_next_waits_for_it",
    "publication.release:_refuse_private_names": "tests/publication/test_publication_release.py::test_a_reason_that_names_a_sender_is_refused",
    "publication.verify:_guarded": "tests/publication/test_publication_verify.py::test_one_flipped_byte_in_any_file_is_named",
    "settlement.engine:_check_gate": "tests/settlement/test_settlement_gate.py::test_a_gate_of_other_terms_does_not_settle",
    "settlement.gate_record:_check_entry": "tests/settlement/test_settlement_gate.py::test_an_audited_gate_file_is_held_to_the_terms",
    "settlement.gate_record:_read_one": "tests/settlement/test_settlement_gate.py::test_an_incomplete_gate_file_is_refused",
    "settlement.gate_record:read_gate_json": "tests/settlement/test_settlement_gate.py::test_an_incomplete_gate_file_is_refused",
    "settlement.gate_record:read_gate_rows": "tests/settlement/test_settlement_gate.py::test_an_incomplete_gate_file_is_refused",
    "settlement.gate_record:seal_record": "tests/settlement/test_settlement_gate.py::test_an_incomplete_gate_file_is_refused",
    "settlement.open_book:_check_complete": "tests/settlement/test_settlement_worked_example.py::test_a_gap_in_the_book_is_not_a_saving",
    "settlement.open_book:_check_row": "tests/settlement/test_settlement_files.py::test_a_ledger_that_cannot_be_trusted_is_refused",
    "settlement.open_book:read_book": "tests/settlement/test_settlement_files.py::test_a_ledger_that_cannot_be_trusted_is_refused",
    "settlement.recompute:_check_decisions": "tests/settlement/test_settlement_worked_example.py::test_a_cause_the_log_does_not_hold_is_refused",
    "settlement.recompute:recompute_all": "tests/settlement/test_settlement_worked_example.py::test_a_changed_or_absent_input_is_refused_or_moves_a_figure",
    "settlement.restate:read_advances": "tests/settlement/test_settlement_files.py::test_advances_that_do_not_fit_are_refused",
    "settlement.restate:read_prior": "tests/settlement/test_settlement_files.py::test_earlier_postings_that_do_not_fit_are_refused",
    "settlement.score:_check_fit": "tests/settlement/test_settlement_top_up.py::test_without_the_rule_small_numbers_do_not_pay",
    "settlement.score:_check_small_numbers": "tests/settlement/test_settlement_top_up.py::test_the_rule_is_held_to_the_numbers_themselves",
}

# No fault of data, people or machine reaches these alone: another gate stands before each, or they guard against
# ourselves. Said here so that they are seen; none decides about money by itself.
UNREACHED: dict[str, str] = {
    "ingest.cut:_entry": "an accepted receipt without dates: `parse_receipt` and intake write none",
    "ingest.cut:read_cut": "the cut of the build before: what cannot be read means that everything is built anew",
    "orchestration.defs.warehouse.verdicts:verdicts": "`read_tables` has refused the same a line earlier",
    "orchestration.intaking:Crew.receipts_of": "a killed process of a crew: belongs to the crash matrix",
    "orchestration.main_job:_require_release": "a step that Dagster skips in silence: no fault of ours brings it about",
    "orchestration.settling:judge_and_settle": "terms that pay advances outside shadow: no agreement on file has them",
    "publication.release:_terms_files": "two settlements of one agreement with two logs: one run reads one log",
    "settlement.engine:settle": "records of another period: `judge_and_settle` reads those of the period it settles",
    "settlement.recompute:recompute": "a question about one period of several: asked by tests alone",
    "settlement.restate:share_before": "a chain of settlements that no longer adds up: `_earlier` and `read_prior` come first",
}
