-- Patients in hospital who no longer meet the criteria to reside: the daily census, one day in the denominator for each
-- complete day. A census is a stock: it is averaged over days, never summed into a total of patients.
select
    area_code,
    day,
    span_end,
    case when is_complete then no_criteria_to_reside end as numerator,
    case when is_complete then 1 end as denominator,
    1 as multiplier,
    case when is_complete then 'complete' else 'missing' end as day_status
from {{ ref('int_discharge_days') }}
