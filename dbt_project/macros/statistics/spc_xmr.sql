{#
    XmR charts: limits, the four rules and the point types of any number of series at once: a query.

    Usage:
        with points as (select ... as series_key, 0 as rebase_group, ... as i, ... as y from ...),
        settings as (select ... as series_key, false as screen_outliers, cast(null as integer) as fix_after_n_points,
            'decrease' as improvement_direction, ... from ...)
        select * from ({{ spc_xmr('points', 'settings') }}) as chart
    points, settings: as in spc_limits; settings also has improvement_direction: increase, decrease or neutral.
    Returns series_key, rebase_group, i, y, mean, lpl, upl (DECIMAL), outside_limits, close_to_limits (boolean, null
    without limits), relative_to_mean (-1, 0, 1), special_cause_type, point_type, short_group_warning.

    Rules, in this order; the first that applies names the point:
    1 strictly outside the limits; 2 a run of rises or falls; 3 two of three near a limit (beyond two thirds of the
    way, not beyond the limit), all three on one side; 4 a run on one side of the mean. A point that ends a rise and
    begins a fall takes the run it begins. Nothing runs across a rebase.
    Below `short_group` points the limits are given and short_group_warning is set; what to draw then is the caller's.
    Source: METHODS, statistical process control; NHS England, Making Data Count.
#}
{% macro spc_xmr(points, settings, run_length=7, short_group=13) -%}
    {%- set window = 'partition by series_key, rebase_group order by i' -%}
    with limits as (
        {{ spc_limits(points, settings) }}
    ),

    placed as (
        select
            limits.*,
            cast(sign(y - mean) as integer) as relative_to_mean,
            y > upl or y < lpl as outside_limits,
            3 * abs(y - mean) > 2 * (upl - mean) and not (y > upl or y < lpl) as close_to_limits
        from limits
    ),

    ended as (
        select
            placed.*,
            {{ spc_run_of_moves('move', window, run_length) }} as moves_end,
            {{ spc_run_one_side('relative_to_mean', window, run_length) }} as side_end,
            {{ spc_two_in_three_end('case when close_to_limits then 1 else 0 end', 'relative_to_mean', window) }}
                as two_in_three_end
        from placed
    ),

    marked as (
        select
            ended.*,
            {{ spc_part_of_run('case when moves_end = 1 then 1 else 0 end', window, run_length) }} as rising,
            {{ spc_part_of_run('case when moves_end = -1 then 1 else 0 end', window, run_length) }} as falling,
            lead(move) over ({{ window }}) as next_move,
            {{ spc_part_of_run('side_end', window, run_length) }} as one_side,
            {{ spc_two_in_three('two_in_three_end', window) }} as two_in_three
        from ended
    ),

    named as (
        select
            marked.*,
            case
                when outside_limits and relative_to_mean = 1 then 'Above UCL'
                when outside_limits then 'Below LCL'
                when rising = 1 and not (falling = 1 and next_move = -1) then '{{ run_length }} Point Trend (Increasing)'
                when falling = 1 then '{{ run_length }} Point Trend (Decreasing)'
                when {{ spc_part_of_two_in_three('two_in_three', 'case when close_to_limits then 1 else 0 end') }} = 1
                    then case when relative_to_mean = 1 then '2 in 3 Above CL' else '2 in 3 Below CL' end
                when one_side = 1 and relative_to_mean = 1 then '{{ run_length }} Points Above CL'
                when one_side = 1 then '{{ run_length }} Points Below CL'
                else 'Common Cause'
            end as special_cause_type
        from marked
    ),

    directed as (
        select
            named.*,
            case
                when special_cause_type = 'Common Cause' then 0
                when special_cause_type like '%Above%' or special_cause_type like '%Increasing%' then 1
                else -1
            end as direction
        from named
    )

    select
        directed.series_key, directed.rebase_group, directed.i, directed.y,
        directed.mean, directed.lpl, directed.upl,
        directed.outside_limits, directed.relative_to_mean, directed.close_to_limits,
        directed.special_cause_type,
        case
            when directed.direction = 0 then 'common_cause'
            when settings.improvement_direction = 'neutral'
                then case directed.direction when 1 then 'special_cause_neutral_high' else 'special_cause_neutral_low' end
            when (settings.improvement_direction = 'increase') = (directed.direction = 1) then 'special_cause_improvement'
            else 'special_cause_concern'
        end as point_type,
        directed.group_points < {{ short_group }} as short_group_warning
    from directed
    inner join {{ settings }} as settings on directed.series_key = settings.series_key
{%- endmacro %}
