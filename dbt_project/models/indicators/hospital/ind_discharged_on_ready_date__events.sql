-- Discharges of adults with a discharge-ready date: whether on that day.
select
    'discharged_on_ready_date' as indicator_id,
    person_key,
    event_date,
    cast(case when delay_days = 0 then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_ready_discharges') }}
