{#
    Mean and process limits of XmR charts, one row per point: a query.

    Usage:  {{ spc_limits('points', 'settings') }} inside a CTE
    points: relation with series_key, rebase_group (integer; a new number starts new limits), i (order), y (DECIMAL).
        Rows without y are left out: a missing month is a gap, and the next range spans it.
    settings: relation with one row per series_key: screen_outliers (boolean), fix_after_n_points (integer or null).
    Returns series_key, rebase_group, i, y, move (sign of the change), group_points, mean, average_moving_range, lpl, upl.

    mean -/+ 2.66 * average moving range. Screening drops, once, the ranges at or above 3.267 times their average: when
    every range is dropped (a flat series: 0 >= 0) there are no limits; one point has a mean and no limits.
    fix_after_n_points = k takes mean and ranges from the first k points of the group and applies them to all of it.
    All arithmetic is DECIMAL: y with 15 decimals (to 10^12), quotients with 18. Neither the order of rows nor an
    engine's floating point can move a limit, and a point exactly on a limit is exactly on it.
    Source: METHODS, statistical process control; NHS England, Making Data Count.
#}
{% macro spc_limits(points, settings) -%}
    with numbered as (
        select
            points.series_key, points.rebase_group, points.i,
            cast(points.y as decimal(27, 15)) as y,
            settings.screen_outliers, settings.fix_after_n_points,
            row_number() over (partition by points.series_key, points.rebase_group order by points.i) as place,
            count(*) over (partition by points.series_key, points.rebase_group) as group_points
        from {{ points }} as points
        inner join {{ settings }} as settings on points.series_key = settings.series_key
        where points.y is not null
    ),

    moved as (
        select
            numbered.*,
            y - lag(y) over (partition by series_key, rebase_group order by i) as change
        from numbered
    ),

    baseline as (
        select series_key, rebase_group, y, abs(change) as moving_range, screen_outliers
        from moved
        where fix_after_n_points is null or place <= fix_after_n_points
    ),

    averages as (
        select
            series_key, rebase_group,
            sum(y) as sum_y, count(*) as points, sum(moving_range) as sum_ranges, count(moving_range) as ranges
        from baseline
        group by series_key, rebase_group
    ),

    screened as (
        select
            baseline.series_key, baseline.rebase_group,
            sum(baseline.moving_range) as sum_ranges, count(baseline.moving_range) as ranges
        from baseline
        inner join averages
            on baseline.series_key = averages.series_key and baseline.rebase_group = averages.rebase_group
        where not baseline.screen_outliers
            or cast(baseline.moving_range as decimal(28, 15)) * cast(averages.ranges as decimal(9, 0))
            < 3.267 * cast(averages.sum_ranges as decimal(33, 15))
        group by baseline.series_key, baseline.rebase_group
    ),

    centred as (
        select
            averages.series_key, averages.rebase_group,
            cast({{ exact_quotient('averages.sum_y', 'averages.points', 18, 15, 0) }} as decimal(31, 18)) as mean,
            cast(
                {{ exact_quotient('screened.sum_ranges', 'screened.ranges', 18, 15, 0) }} as decimal(31, 18)
            ) as average_moving_range
        from averages
        left join screened
            on averages.series_key = screened.series_key and averages.rebase_group = screened.rebase_group
    )

    select
        moved.series_key, moved.rebase_group, moved.i, moved.y,
        cast(sign(moved.change) as integer) as move,
        moved.group_points,
        centred.mean,
        centred.average_moving_range,
        centred.mean - 2.66 * centred.average_moving_range as lpl,
        centred.mean + 2.66 * centred.average_moving_range as upl
    from moved
    inner join centred on moved.series_key = centred.series_key and moved.rebase_group = centred.rebase_group
{%- endmacro %}
