-- Percentages that arrive already computed and rounded. A month shows what was published; a quarter or year shows
-- nothing, because a percentage pooled from rounded parts would be an invention. What is published does not change.
with areas as (
    select distinct
        indicator_id,
        area_code
    from {{ ref('ind_talking_therapies_reliable_recovery__months') }}
),

grid as (
    select
        areas.indicator_id,
        areas.area_code,
        periods.period_kind,
        periods.period_id,
        periods.period_start,
        periods.period_end,
        {{ dbt.datediff('periods.period_start', 'periods.period_end', 'day') }} + 1 as window_days
    from areas
    cross join {{ ref('int_periods') }} as periods
    where periods.has_days
)

select
    grid.indicator_id,
    grid.area_code,
    grid.period_kind,
    grid.period_id,
    grid.period_start,
    grid.period_end,
    published.value as numerator,
    case when published.value is not null then cast(1 as decimal(20, 9)) end as denominator,
    cast(published.value as decimal(38, 9)) as value_numerator,
    cast(null as decimal(20, 9)) as lower_limit,
    cast(null as decimal(20, 9)) as upper_limit,
    'none: published as a whole percentage without its parts' as interval_method,
    grid.window_days,
    case when published.value is not null then grid.window_days else 0 end as covered_days,
    0 as missing_days,
    0 as unavailable_days,
    case when published.value is not null then grid.period_end end as data_complete_as_at,
    'freeze' as data_cut_status,
    case
        when grid.period_kind <> 'month'
            then
                'Only whole monthly percentages are published, and they cannot be pooled into a '
                || grid.period_kind || '.'
        when published.value is null then 'No figure was received for this month.'
    end as not_available_reason
from grid
left join {{ ref('ind_talking_therapies_reliable_recovery__months') }} as published
    on
        grid.indicator_id = published.indicator_id
        and grid.area_code = published.area_code
        and grid.period_kind = 'month'
        and grid.period_id = published.period_id
