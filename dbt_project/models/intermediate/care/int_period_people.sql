-- Every row of the indicators that are judged once a period rather than event by event: one per person and period, or
-- per practice or group of people and period where counts are all there is or all that is needed.
-- A view: the rows stand in the indicators' own tables, and what is added up is added up there (int_indicator_cells).
{% set indicators = [
    'alcohol_treatment_completion',
    'carers_budget_reviewed',
    'carers_personal_budget',
    'cholesterol_to_target',
    'frequent_emergency_admissions',
    'frequent_emergency_attendance',
    'hypertension_treated',
    'hypertension_treated_79_under',
    'learning_disability_check',
    'non_opiate_treatment_completion',
    'opiate_treatment_completion',
    'people_waiting',
    'smi_physical_health_check',
    'waiting_over_42_days'
] %}
{{ config(materialized='view') }}

{% for indicator in indicators %}
    select
        indicator_id,
        period_kind,
        period_id,
        person_key,
        numerator,
        denominator,
        pcn,
        deprivation,
        age_group,
        area_code
    from {{ ref('ind_' ~ indicator ~ '__people') }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
