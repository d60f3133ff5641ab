-- XmR charts of the monthly figures as published. Months that are withheld or not available are gaps: they are no
-- points, and the next range spans them. Below 13 points the chart is a run chart: the median, no limits, no signals.
with points as (
    select
        figure_id,
        indicator_id,
        area_code,
        period_id,
        period_start,
        value,
        indicator_id || ':' || area_code as series_key,
        0 as rebase_group,
        row_number() over (partition by indicator_id, area_code order by period_start) as i,
        value as y
    from {{ ref('measures') }}
    where
        period_kind = 'month'
        and value is not null
        and coalesce(marker, 'p') = 'p'
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
    {{ median('points', 'y', ['series_key']) }}
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
    on points.series_key = medians.series_key
