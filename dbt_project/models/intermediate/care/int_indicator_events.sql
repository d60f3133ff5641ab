-- Every event of the indicators counted by events: one row per event of the denominator (proportions, means, medians)
-- or of the numerator (rates), with the attributes its person had in its month.
{% set indicators = [
    'sustained_recovery_6_months', 'sustained_recovery', 'sustained_recovery_24_months', 're_presentation_6_months',
    'deaths_in_treatment', 'treatment_wait', 'four_week_quit', 'health_check_uptake', 'emergency_admissions',
    'emergency_admissions_65_over', 'emergency_bed_days_65_over', 'falls_admissions_65_over',
    'chronic_acsc_admissions', 'emergency_readmission_30d', 'discharged_to_usual_place', 'discharge_delay',
    'discharged_on_ready_date', 'care_home_admissions_65_over',
    'at_home_12_weeks', 'larc_prescribed', 'community_wait', 'first_contact_28_days', 'deaths_usual_place'
] %}

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
