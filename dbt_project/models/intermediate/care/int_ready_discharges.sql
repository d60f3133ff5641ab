-- Discharges of adults with a discharge-ready date: days from it to the discharge. Each trust's own row counts, also
-- where another hospital takes over.
with stays as (
    select
        person_key,
        discharge_date as event_date,
        {{ dbt.datediff('discharge_ready_date', 'discharge_date', 'day') }} as delay_days
    from {{ ref('int_hospital_stays') }}
    where discharge_ready_date is not null
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
