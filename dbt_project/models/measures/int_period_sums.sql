-- Sums of numerator and denominator over complete days, and how many days lack figures, per indicator, area and period.
-- No sum over other days exists anywhere: a missing organisation would make it lower, not missing.
with areas as (
    select
        indicator_id,
        area_code,
        min(multiplier) as multiplier,
        max(span_end) as span_end
    from {{ ref('int_indicator_days') }}
    group by indicator_id, area_code
),

summed as (
    select
        periods.period_kind,
        periods.period_id,
        days.indicator_id,
        days.area_code,
        count(*) as covered_days,
        count(*) filter (where days.day_status = 'complete') as complete_days,
        count(*) filter (where days.day_status = 'unavailable') as unavailable_days,
        sum(days.numerator) filter (where days.day_status = 'complete') as numerator,
        sum(days.denominator) filter (where days.day_status = 'complete') as denominator
    from {{ ref('int_periods') }} as periods
    inner join {{ ref('int_indicator_days') }} as days
        on periods.has_days and days.day between periods.period_start and periods.period_end
    group by periods.period_kind, periods.period_id, days.indicator_id, days.area_code
)

select
    areas.indicator_id,
    areas.area_code,
    periods.period_kind,
    periods.period_id,
    periods.period_start,
    periods.period_end,
    areas.multiplier,
    cast(summed.numerator as decimal(20, 9)) as numerator,
    cast(summed.denominator as decimal(20, 9)) as denominator,
    {{ dbt.datediff('periods.period_start', 'periods.period_end', 'day') }} + 1 as window_days,
    coalesce(summed.covered_days, 0) as covered_days,
    coalesce(summed.covered_days - summed.complete_days, 0) as missing_days,
    coalesce(summed.unavailable_days, 0) as unavailable_days,
    case
        when areas.span_end < periods.period_start then null
        when areas.span_end < periods.period_end then areas.span_end
        else periods.period_end
    end as data_complete_as_at,
    -- A figure may still change until the quarter it lies in is over in the data.
    case when areas.span_end < periods.quarter_end then 'flex' else 'freeze' end as data_cut_status
from areas
cross join {{ ref('int_periods') }} as periods
left join summed
    on
        areas.indicator_id = summed.indicator_id
        and areas.area_code = summed.area_code
        and periods.period_kind = summed.period_kind
        and periods.period_id = summed.period_id
where periods.has_days
