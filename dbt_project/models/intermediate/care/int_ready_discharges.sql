-- Discharges of adults with a discharge-ready date: days from it to the discharge. Each trust's own row counts, also
-- where another hospital takes over. Who died in hospital was never discharged: the day of death is no prompt discharge.
--
-- Only people whose rows something can have changed are built again (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['admitted_care']},
    pre_hook="{{ delete_changed_people('admitted_care') }}"
) }}
with stays as (
    select
        person_key,
        discharge_date as event_date,
        {{ dbt.datediff('discharge_ready_date', 'discharge_date', 'day') }} as delay_days
    from {{ ref('int_hospital_stays') }}
    where
        discharge_ready_date is not null
        and discharge_destination is distinct from '79'
        {{ and_person_is_changed('person_key', 'admitted_care') }}
)

select
    person_key,
    event_date,
    delay_days,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('stays', 'event_date') }} as stays
where age_years >= 18
