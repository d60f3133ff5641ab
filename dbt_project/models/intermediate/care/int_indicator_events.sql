-- Every event of the indicators counted by events: one row per event of the denominator (proportions, means, medians)
-- or of the numerator (rates), with the attributes its person had in its month.
-- A view: the rows stand in the indicators' own tables, and what is added up is added up there (int_indicator_cells).
{% set indicators = [
    'acute_stays_before_reablement',
    'at_home_12_weeks',
    'at_home_91_days',
    'became_active',
    'care_home_admissions_65_over',
    'carers_answered_28_days',
    'chlamydia_detection_15_24',
    'chronic_acsc_admissions',
    'community_share_of_contacts',
    'community_wait',
    'days_at_home_91',
    'deaths_in_hospital',
    'deaths_in_treatment',
    'deaths_usual_place',
    'died_in_preferred_place',
    'discharge_delay',
    'discharged_on_ready_date',
    'discharged_to_usual_place',
    'emergencies_before_death',
    'emergency_admissions',
    'emergency_admissions_65_over',
    'emergency_bed_days_65_over',
    'emergency_readmission_30d',
    'falls_admissions_65_over',
    'first_contact_28_days',
    'four_week_quit',
    'four_week_quit_self_reported',
    'health_check_offered',
    'health_check_received',
    'health_check_uptake',
    'hospital_to_care_home',
    'larc_prescribed',
    'left_inactivity',
    'onward_referral_completed',
    'preferred_place_recorded',
    'quit_lost_to_follow_up',
    're_presentation_6_months',
    'supported_while_waiting',
    'sustained_recovery',
    'sustained_recovery_24_months',
    'sustained_recovery_6_months',
    'treatment_wait',
    'urgent_response_2_hours',
    'urgent_response_not_timed',
    'weekend_discharges',
    'weight_loss_5_percent',
    'winter_plan_offered_85_over'
] %}
{{ config(materialized='view') }}

{% for indicator in indicators %}
    select
        indicator_id,
        person_key,
        event_date,
        numerator,
        denominator,
        amount,
        pcn,
        deprivation,
        age_group,
        age_band,
        area_code
    from {{ ref('ind_' ~ indicator ~ '__events') }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
