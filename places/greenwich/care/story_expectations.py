"""What each story of `story_book` must contribute to the indicators, worked out by hand from its dates.

Belongs here: the expectations alone. Not here: any computation; that is the point of them.
"""

from __future__ import annotations

from places.greenwich.people import Expectation

_TABLE = """
gap-of-21-days            opiate_treatment_completion   2023-24     0 1
gap-of-21-days            opiate_treatment_completion   2024-25     1 1
gap-of-21-days            opiate_treatment_completion   2024-25-q3  1 1
gap-of-21-days            opiate_treatment_completion   2024-25-q4  0 0
gap-of-21-days            sustained_recovery            2023-10-02  0 0
gap-of-21-days            sustained_recovery            2024-12-10  1 1
gap-of-22-days            opiate_treatment_completion   2023-24     0 1
gap-of-22-days            opiate_treatment_completion   2023-24-q3  0 1
gap-of-22-days            opiate_treatment_completion   2024-25     0 0
gap-of-22-days            sustained_recovery            2023-10-02  0 1
back-after-182-days       opiate_treatment_completion   2023-24     0 1
back-after-182-days       opiate_treatment_completion   2024-25     0 1
back-after-182-days       sustained_recovery            2024-03-20  0 1
back-after-183-days       opiate_treatment_completion   2023-24     1 1
back-after-183-days       opiate_treatment_completion   2024-25     0 1
back-after-183-days       sustained_recovery            2024-03-20  0 1
back-after-a-year         opiate_treatment_completion   2023-24     0 0
back-after-a-year         sustained_recovery            2023-05-10  1 1
back-after-a-year         sustained_recovery            2024-06-20  0 1
died-within-the-year      sustained_recovery            2023-11-15  0 0
died-within-the-year      sustained_recovery_6_months   2023-11-15  1 1
died-within-the-year      sustained_recovery_24_months  2023-11-15  0 0
died-within-the-year      deaths_in_treatment           2023-11-15  0 1
died-within-the-year      alcohol_treatment_completion  2023-24     1 1
gap-of-21-days            re_presentation_6_months      2024-12-10  0 1
gap-of-22-days            re_presentation_6_months      2023-10-02  1 1
gap-of-22-days            deaths_in_treatment           2024-02-15  0 1
back-after-182-days       sustained_recovery_6_months   2024-03-20  0 1
back-after-182-days       re_presentation_6_months      2024-03-20  1 1
back-after-183-days       sustained_recovery_6_months   2024-03-20  1 1
back-after-183-days       re_presentation_6_months      2024-03-20  0 1
back-after-183-days       sustained_recovery_24_months  2024-03-20  0 1
back-after-183-days       alcohol_treatment_completion  2023-24     0 0
back-after-a-year         alcohol_treatment_completion  2023-24     1 1
back-after-a-year         alcohol_treatment_completion  2024-25     1 1
back-after-a-year         sustained_recovery_24_months  2023-05-10  0 1
back-after-a-year         non_opiate_treatment_completion 2023-24   0 0
consent-withheld          opiate_treatment_completion   2023-24     1 1
consent-withheld          opiate_treatment_completion   2024-25     0 0
consent-withheld          sustained_recovery            2024-01-15  1 1
seven-quit-dates          four_week_quit                2023-05-08  0 1
seven-quit-dates          four_week_quit                2023-07-03  0 1
seven-quit-dates          four_week_quit                2023-09-11  1 1
seven-quit-dates          four_week_quit                2024-02-05  1 1
seven-quit-dates          four_week_quit                2024-06-24  1 1
seven-quit-dates          four_week_quit                2024-10-07  0 1
seven-quit-dates          four_week_quit                2025-01-13  0 1
seven-quit-dates          four_week_quit_self_reported  2023-05-08  0 1
seven-quit-dates          quit_lost_to_follow_up        2023-05-08  1 1
seven-quit-dates          four_week_quit_self_reported  2023-07-03  1 1
seven-quit-dates          quit_lost_to_follow_up        2023-07-03  0 1
seven-quit-dates          four_week_quit_self_reported  2023-09-11  1 1
seven-quit-dates          quit_lost_to_follow_up        2023-09-11  0 1
seven-quit-dates          four_week_quit_self_reported  2024-02-05  1 1
seven-quit-dates          quit_lost_to_follow_up        2024-02-05  0 1
seven-quit-dates          four_week_quit_self_reported  2024-06-24  1 1
seven-quit-dates          quit_lost_to_follow_up        2024-06-24  0 1
seven-quit-dates          four_week_quit_self_reported  2024-10-07  0 1
seven-quit-dates          quit_lost_to_follow_up        2024-10-07  1 1
seven-quit-dates          four_week_quit_self_reported  2025-01-13  0 1
seven-quit-dates          quit_lost_to_follow_up        2025-01-13  1 1
nights-in-hospital        emergency_admissions          2023-06-11  1 1
nights-in-hospital        emergency_admissions          2023-09-04  0 0
nights-in-hospital        emergency_admissions          2023-12-12  0 0
nights-in-hospital        emergency_readmission_30d     2023-06-11  0 1
nights-in-hospital        emergency_readmission_30d     2023-09-04  0 1
nights-in-hospital        emergency_readmission_30d     2023-12-12  0 1
between-two-hospitals     emergency_admissions          2023-05-06  0 0
between-two-hospitals     emergency_admissions          2023-05-16  1 1
between-two-hospitals     emergency_admissions          2023-10-05  0 0
between-two-hospitals     emergency_admissions          2023-10-20  1 1
between-two-hospitals     emergency_admissions          2024-05-09  1 1
between-two-hospitals     emergency_admissions          2024-05-20  1 1
between-two-hospitals     emergency_readmission_30d     2023-05-16  0 1
between-two-hospitals     emergency_readmission_30d     2024-05-09  1 1
between-two-hospitals     emergency_readmission_30d     2024-05-20  0 1
back-in-hospital          emergency_readmission_30d     2023-07-10  1 1
back-in-hospital          emergency_readmission_30d     2023-08-11  0 1
back-in-hospital          emergency_readmission_30d     2023-09-15  0 1
back-in-hospital          emergency_readmission_30d     2023-09-26  0 1
back-in-hospital          emergency_admissions          2023-09-26  0 0
nights-in-hospital        discharged_to_usual_place     2023-06-11  1 1
nights-in-hospital        discharged_to_usual_place     2023-09-04  0 0
between-two-hospitals     discharged_to_usual_place     2024-05-09  0 0
between-two-hospitals     discharged_to_usual_place     2024-05-20  1 1
between-two-hospitals     frequent_emergency_admissions 2023-24     0 1
back-in-hospital          frequent_emergency_admissions 2023-24     1 1
back-in-hospital          frequent_emergency_admissions 2024-25     0 0
died-in-hospital          discharged_to_usual_place     2024-08-20  0 0
died-in-hospital          frequent_emergency_admissions 2024-25     0 1
falls-around-65           emergency_admissions_65_over  2024-05-31  0 0
falls-around-65           emergency_admissions_65_over  2024-06-14  1 1
falls-around-65           falls_admissions_65_over      2024-05-31  0 0
falls-around-65           falls_admissions_65_over      2024-06-14  1 1
falls-around-65           falls_admissions_65_over      2024-09-05  0 0
falls-around-65           emergency_admissions          2024-09-05  1 1
died-in-hospital          emergency_admissions          2024-08-20  1 1
died-in-hospital          emergency_readmission_30d     2024-08-20  0 0
seen-in-28-days           first_contact_28_days         2023-06-05  1 1
seen-in-28-days           first_contact_28_days         2024-01-08  0 1
seen-in-28-days           first_contact_28_days         2024-06-03  0 1
seen-in-28-days           first_contact_28_days         2024-09-02  0 0
seen-in-28-days           onward_referral_completed     2024-01-08  1 1
seen-in-28-days           onward_referral_completed     2024-06-03  0 1
seen-in-28-days           onward_referral_completed     2024-09-02  1 1
seen-in-28-days           waiting_over_42_days          2023-24-q4  0 0
between-two-hospitals     hospital_to_care_home         2023-05-16  0 1
between-two-hospitals     hospital_to_care_home         2024-05-09  0 0
died-in-hospital          emergencies_before_death      2024-08-20  0 1
died-in-hospital          hospital_to_care_home         2024-08-20  0 0
reablement-and-hospital   hospital_to_care_home         2023-10-03  0 1
reablement-and-hospital   at_home_12_weeks              2023-07-10  0 1
reablement-and-hospital   at_home_12_weeks              2024-02-05  1 1
reablement-and-care-home  at_home_12_weeks              2023-08-07  1 1
reablement-and-care-home  at_home_12_weeks              2023-08-08  0 1
reablement-and-care-home  care_home_admissions_65_over  2023-10-31  1 1
reablement-and-care-home  care_home_admissions_65_over  2024-02-12  0 0
reablement-and-death      at_home_12_weeks              2024-06-17  1 1
reablement-and-death      at_home_12_weeks              2024-06-18  0 1
number-left-out-once      at_home_12_weeks              2024-07-01  1 1
number-left-out-once      at_home_12_weeks              2024-10-07  0 0
never-a-number            at_home_12_weeks              2024-07-01  0 0
two-references            care_home_admissions_65_over  2024-05-20  1 1
two-references            care_home_admissions_65_over  2024-11-04  0 0
"""


def expectations() -> tuple[Expectation, ...]:
    """Every expected contribution, in the order of the stories."""
    rows = (line.split() for line in _TABLE.split("\n") if line)
    return tuple(Expectation(story, indicator, when, int(x), int(n)) for story, indicator, when, x, n in rows)
