-- Discharges by 17:00 out of all discharges, on complete days for which every trust gave the hour. Where trusts
-- reported discharges but not the hour, the indicator is unavailable that day; that is never a zero.
select
    area_code,
    day,
    span_end,
    case when is_complete and has_split then discharged_by_1700 end as numerator,
    case when is_complete and has_split then discharged_total end as denominator,
    100 as multiplier,
    case
        when not is_complete then 'missing'
        when has_split then 'complete'
        else 'unavailable'
    end as day_status
from {{ ref('int_discharge_days') }}
