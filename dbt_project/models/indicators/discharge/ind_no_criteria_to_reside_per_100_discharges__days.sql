-- The same census per 100 discharges of the day, on the same complete days.
select
    area_code,
    day,
    span_end,
    case when is_complete then no_criteria_to_reside end as numerator,
    case when is_complete then discharged_total end as denominator,
    100 as multiplier,
    case when is_complete then 'complete' else 'missing' end as day_status
from {{ ref('int_discharge_days') }}
