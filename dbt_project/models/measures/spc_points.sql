-- XmR charts of the monthly figures as published. Months that are withheld or not available are gaps: they are no
-- points, and the next range spans them. Below 13 points the chart is a run chart: the median, no limits, no signals.
-- A change of the definition starts new limits, and no run crosses it.
with points as (
    select
        measures.figure_id,
        measures.indicator_id,
        measures.area_code,
        measures.period_id,
        measures.period_start,
        measures.value,
        measures.indicator_id || ':' || measures.area_code as series_key,
        {{ series_part('catalogue.breaks', 'measures.period_start') }} as rebase_group,
        row_number() over (
            partition by measures.indicator_id, measures.area_code order by measures.period_start
        ) as i,
        measures.value as y
    from {{ ref('measures') }} as measures
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on measures.indicator_id = catalogue.indicator_id
    where
        measures.period_kind = 'month'
        and measures.value is not null
        and coalesce(measures.marker, 'p') = 'p'
),

settings as (
    select distinct
        points.series_key,
        catalogue.spc_screen_outliers as screen_outliers,
        catalogue.spc_fix_after as fix_after_n_points,
        catalogue.improvement_direction
    from points
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on points.indicator_id = catalogue.indicator_id
),

charts as (
    {{ spc_xmr('points', 'settings') }}
),

medians as (
    {{ median('points', 'y', ['series_key', 'rebase_group']) }}
)

select
    cast(points.figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(points.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    cast(points.area_code as {{ dbt.type_string() }}) as area_code,
    cast(points.period_id as {{ dbt.type_string() }}) as period_id,
    points.period_start,
    points.value,
    cast(case when charts.short_group_warning then 'run' else 'xmr' end as {{ dbt.type_string() }}) as chart,
    cast(case when charts.short_group_warning then medians.median else charts.mean end as decimal(20, 9)) as centre_line,
    cast(case when not charts.short_group_warning then charts.lpl end as decimal(20, 9)) as lower_limit,
    cast(case when not charts.short_group_warning then charts.upl end as decimal(20, 9)) as upper_limit,
    cast(
        case when charts.short_group_warning then 'common_cause' else charts.point_type end as {{ dbt.type_string() }}
    ) as point_type,
    cast(
        case when charts.short_group_warning then 'Common Cause' else charts.special_cause_type end
        as {{ dbt.type_string() }}
    ) as special_cause
from points
inner join charts
    on points.series_key = charts.series_key and points.i = charts.i
inner join medians
    on points.series_key = medians.series_key and points.rebase_group = medians.rebase_group
