-- Continuous spells of people on the register of the month they ended in, with the attributes of that month. Read once
-- for every indicator that counts spells by their end.
--
-- Only people whose rows something can have changed are built again (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['admitted_care']},
    pre_hook="{{ delete_changed_people('admitted_care') }}"
) }}
with ended as (
    select
        person_key,
        spell_number,
        admission_date,
        discharge_date as event_date,
        {{ dbt.datediff('admission_date', 'discharge_date', 'day') }} as nights,
        is_emergency,
        -- An emergency that lasted past midnight and was no same-day emergency care: the recording of the others moved to
        -- another data set.
        is_emergency and same_day_emergency_care = 'N' and discharge_date > admission_date as is_overnight_emergency,
        primary_diagnosis,
        external_cause,
        discharge_destination
    from {{ ref('int_continuous_spells') }}
    where 1 = 1 {{ and_person_is_changed('person_key', 'admitted_care') }}
)

select
    person_key,
    spell_number,
    admission_date,
    event_date,
    nights,
    is_emergency,
    is_overnight_emergency,
    primary_diagnosis,
    external_cause,
    discharge_destination,
    pcn,
    deprivation,
    age_group,
    age_band,
    age_years,
    area_code
from {{ as_at('ended', 'event_date') }} as ends
