-- Sums over the months of every period, and of people counted once a period, for the area as a whole and every group of
-- the breakdowns the catalogue names. A group without a denominator has no row.
with people as (
    select
        cells.*,
        catalogue.breakdowns
    from {{ ref('int_indicator_cells') }} as cells
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on cells.indicator_id = catalogue.indicator_id
    where cells.period_id is not null
),

grouped_people as (
    {{ broken_down('people', ['indicator_id', 'area_code', 'period_kind', 'period_id'], {
        'numerator': 'cast(sum(numerator) as bigint)', 'denominator': 'cast(sum(denominator) as bigint)'
    }) }}
),

summed as (
    select
        months.indicator_id,
        months.area_code,
        periods.period_kind,
        periods.period_id,
        months.breakdown_kind,
        months.breakdown_group,
        cast(sum(months.numerator) as bigint) as numerator,
        cast(sum(months.denominator) as bigint) as denominator,
        cast(sum(months.amount) as bigint) as amount,
        cast(sum(months.squares) as bigint) as squares
    from {{ ref('int_group_months') }} as months
    inner join {{ ref('int_periods') }} as periods
        on periods.has_people and months.month_start between periods.period_start and periods.period_end
    group by
        months.indicator_id, months.area_code, periods.period_kind, periods.period_id, months.breakdown_kind,
        months.breakdown_group
    union all
    select
        indicator_id,
        area_code,
        period_kind,
        period_id,
        breakdown_kind,
        breakdown_group,
        numerator,
        denominator,
        null as amount,
        null as squares
    from grouped_people
)

select
    summed.*,
    catalogue.statistic,
    catalogue.multiplier
from summed
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on summed.indicator_id = catalogue.indicator_id
where
    summed.denominator > 0
    and {{ has_period_kind('catalogue', 'summed.period_kind') }}
