-- Whether the latest five settled years, and the latest five settled quarters, of an area's figure rise or fall: the
-- five-point trend of the field. Provisional, withheld and missing figures are no points. Quarters of one indicator may
-- follow the seasons, which this method does not know. No trend goes back beyond a change of the definition, and a period
-- in which it changed is under neither.
{% set keys = ['indicator_id', 'area_code', 'period_kind'] %}
with settled as (
    select
        measures.figure_id,
        measures.indicator_id,
        measures.indicator_version,
        measures.area_code,
        measures.period_kind,
        measures.period_id,
        {{ series_part('catalogue.breaks', 'measures.period_start') }} as first_part,
        {{ series_part('catalogue.breaks', 'measures.period_end') }} as last_part,
        {{ dbt.datediff("cast('2000-01-01' as date)", 'measures.period_start', 'month') }} as moment,
        {{ round_half_up('figures.value_numerator', 'figures.value_denominator', 9) }} as value,
        figures.lower_limit,
        figures.upper_limit,
        case catalogue.polarity when 'low' then 'Low is good' when 'high' then 'High is good' else 'No judgement' end
            as polarity,
        case catalogue.statistic
            when 'proportion' then 'proportion'
            when 'maintained_proportion' then 'proportion'
            when 'crude_rate' then 'crude rate'
            when 'dsr' then 'directly standardised rate'
            else catalogue.statistic
        end as value_type,
        row_number() over (
            partition by measures.indicator_id, measures.area_code, measures.period_kind
            order by measures.period_start desc
        ) as place
    from {{ ref('measures') }} as measures
    inner join {{ ref('int_figures') }} as figures
        on
            measures.indicator_id = figures.indicator_id
            and measures.area_code = figures.area_code
            and measures.period_id = figures.period_id
            and figures.breakdown_kind = 'all'
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on measures.indicator_id = catalogue.indicator_id
    where
        measures.period_kind in ('quarter', 'year')
        and measures.marker is null
        and measures.value is not null
),

latest as (
    select
        {{ keys | join(', ') }},
        first_part,
        last_part
    from settled
    where place = 1
),

points as (
    select
        settled.*,
        latest.last_part > 0 as has_changed
    from settled
    inner join latest
        on
            settled.indicator_id = latest.indicator_id
            and settled.area_code = latest.area_code
            and settled.period_kind = latest.period_kind
    where
        settled.place = 1
        or (
            settled.first_part = latest.last_part
            and settled.last_part = latest.last_part
            and latest.first_part = latest.last_part
        )
),

trends as (
    {{ five_point_trend('points', keys) }}
),

spans as (
    select
        {{ keys | join(', ') }},
        max(indicator_version) as indicator_version,
        max(case when place = 1 then figure_id end) as figure_id,
        max(case when place = 1 then period_id end) as last_period_id,
        max(case when place = 1 then value_type end) as value_type,
        -- ids of one kind of period are in order as text
        min(period_id) as first_period_id,
        max(case when has_changed then 1 else 0 end) as has_changed,
        count(*) as points
    from points
    where place <= 5
    group by {{ keys | join(', ') }}
)

select
    cast(spans.figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(spans.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    spans.indicator_version,
    cast(spans.area_code as {{ dbt.type_string() }}) as area_code,
    cast(spans.period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(spans.first_period_id as {{ dbt.type_string() }}) as first_period_id,
    cast(spans.last_period_id as {{ dbt.type_string() }}) as last_period_id,
    cast(spans.points as integer) as points,
    cast(trends.trend as {{ dbt.type_string() }}) as trend,
    cast(trends.chi_squared as decimal(20, 9)) as chi_squared,
    cast(
        case
            when trends.trend <> 'CannotBeCalculated' then null
            when spans.value_type not in ('proportion', 'crude rate', 'directly standardised rate')
                then 'The trend is for proportions and rates; this figure is neither.'
            else 'Five settled ' || spans.period_kind || 's '
                || case when spans.has_changed = 1 then 'under one definition ' else '' end || 'are needed; there '
                || case when spans.points = 1 then 'is ' else 'are ' end
                || cast(spans.points as {{ dbt.type_string() }}) || '.'
        end as {{ dbt.type_string() }}
    ) as reason
from spans
inner join trends
    on
        spans.indicator_id = trends.indicator_id
        and spans.area_code = trends.area_code
        and spans.period_kind = trends.period_kind
