{#
    One row per series: the latest limits, how many points of each kind, variation icon and assurance: a query.

    Usage:  {{ spc_summary('chart', 'settings') }}   chart: what spc_xmr returned
    settings: as in spc_xmr, and target (DECIMAL or null). Returns series_key, n, mean, lpl, upl, n_common, n_improve,
    n_concern, last_point_type, assurance_type.
    The variation icon is the type of the last point; assurance compares the target with the last group's limits.
    Source: METHODS, statistical process control.
#}
{% macro spc_summary(chart, settings) -%}
    with placed as (
        select
            chart.*,
            row_number() over (partition by series_key order by rebase_group desc, i desc) as from_the_end
        from {{ chart }} as chart
    ),

    counted as (
        select
            series_key,
            count(*) as n,
            sum(case when point_type = 'common_cause' then 1 else 0 end) as n_common,
            sum(case when point_type = 'special_cause_improvement' then 1 else 0 end) as n_improve,
            sum(case when point_type = 'special_cause_concern' then 1 else 0 end) as n_concern
        from placed
        group by series_key
    )

    select
        counted.series_key, counted.n, placed.mean, placed.lpl, placed.upl,
        counted.n_common, counted.n_improve, counted.n_concern,
        placed.point_type as last_point_type,
        {{ spc_assurance('settings.improvement_direction', 'settings.target', 'placed.lpl', 'placed.upl') }}
            as assurance_type
    from counted
    inner join placed on counted.series_key = placed.series_key and placed.from_the_end = 1
    inner join {{ settings }} as settings on counted.series_key = settings.series_key
{%- endmacro %}
