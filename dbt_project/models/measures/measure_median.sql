-- Medians of days per event, from how many events took how long. Twice the median is a whole number: it is the
-- numerator, and two the denominator.
{% set groups = ['indicator_id', 'area_code', 'period_kind', 'period_id', 'breakdown_kind', 'breakdown_group'] %}
with waits as (
    select
        cells.indicator_id,
        cells.area_code,
        cells.month_start,
        cells.pcn,
        cells.deprivation,
        cells.age_group,
        cells.days as amount,
        cells.cases,
        catalogue.breakdowns
    from {{ ref('int_indicator_cells') }} as cells
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on cells.indicator_id = catalogue.indicator_id and catalogue.statistic = 'median'
    where cells.days is not null
),

monthly as (
    {{ broken_down('waits', ['indicator_id', 'area_code', 'month_start', 'amount'], {'cases': 'sum(cases)'}) }}
),

grouped as (
    select
        monthly.indicator_id,
        monthly.area_code,
        periods.period_kind,
        periods.period_id,
        monthly.breakdown_kind,
        monthly.breakdown_group,
        monthly.amount,
        sum(monthly.cases) as cases
    from monthly
    inner join {{ ref('int_periods') }} as periods
        on periods.has_people and monthly.month_start between periods.period_start and periods.period_end
    group by
        monthly.indicator_id, monthly.area_code, periods.period_kind, periods.period_id, monthly.breakdown_kind,
        monthly.breakdown_group, monthly.amount
),

medians as (
    {{ median_of_counts('grouped', groups) }}
)

select
    medians.indicator_id,
    medians.area_code,
    medians.period_kind,
    medians.period_id,
    medians.breakdown_kind,
    medians.breakdown_group,
    cast(medians.twice_median as bigint) as numerator,
    cast(2 as bigint) as denominator,
    cast(medians.twice_median * catalogue.multiplier as decimal(38, 9)) as value_numerator,
    cast(2 as decimal(20, 9)) as value_denominator,
    cast(null as decimal(20, 9)) as lower_limit,
    cast(null as decimal(20, 9)) as upper_limit,
    'none: a median' as interval_method,
    cast(null as {{ dbt.type_string() }}) as not_available_reason
from medians
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on medians.indicator_id = catalogue.indicator_id
where {{ has_period_kind('catalogue', 'medians.period_kind') }}
