-- Discharges of adults with a discharge-ready date: days from it to the discharge.
select
    'discharge_delay' as indicator_id,
    person_key,
    event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(delay_days as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ ref('int_ready_discharges') }}
