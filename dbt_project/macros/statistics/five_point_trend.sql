{#
    Whether the latest five points of a series rise or fall: a query.

    Usage:  select * from ({{ five_point_trend('points', ['indicator_id', 'area_code']) }}) as trend
    relation: one row per group and moment with moment (a whole number: the year), value, lower_limit and upper_limit
        at 95 % (numbers on the scale of the value), polarity and value_type (of the latest point).
    Returns the groups, chi_squared (DOUBLE) and trend: Increasing or Decreasing, with AndGettingBetter or
    AndGettingWorse where the polarity is `High is good` or `Low is good`; NoChange; CannotBeCalculated.
    Regression of the value on the moment, each point weighing 1 / (width / 3.92)^2; chi-squared = slope^2 / variance of
    the slope = (W Sxy - Sx Sy)^2 / (W (W Sxx - Sx^2)) must exceed 9.5495 (p = 0.002), and the slope keep its sign with
    any one of the points left out. Sums are written out point by point: a sum of DOUBLE depends on the order of rows.
    Refused: fewer than five points, a blank value or moment, two points at one moment, and every type but
    proportion, crude rate and directly standardised rate are CannotBeCalculated. A point whose limits are blank or do
    not differ cannot be weighed: NoChange, and never limits made up from the counts.
    Source: METHODS, trend; Office for Health Improvement and Disparities, Fingertips trend markers.
#}
{% macro five_point_trend(relation, groups) -%}
    {%- set five = [1, 2, 3, 4, 5] -%}
    {%- set keys = groups | join(', ') -%}
    select
        {{ keys }},
        case when is_known_type = 1 and is_whole = 1 and bottom_0 > 0 then top_0 * top_0 / bottom_0 end as chi_squared,
        case
            when is_known_type = 0 or is_whole = 0 then 'CannotBeCalculated'
            when bottom_0 > 0 and top_0 * top_0 / bottom_0 > 9.5495
                and {% for left in five %}sign(top_{{ left }}) = sign(top_0){{ ' and ' if not loop.last }}{% endfor %}
                then case when top_0 > 0 then 'Increasing' else 'Decreasing' end
                    || case
                        when polarity not in ('high is good', 'low is good') or polarity is null then ''
                        when (top_0 > 0) = (polarity = 'high is good') then 'AndGettingBetter'
                        else 'AndGettingWorse'
                    end
            else 'NoChange'
        end as trend
    from (
        select
            {{ keys }}, polarity, is_known_type, is_whole,
            {%- for left in [0] + five %}
            w_{{ left }} * xy_{{ left }} - x_{{ left }} * y_{{ left }} as top_{{ left }},
            {%- endfor %}
            w_0 * (w_0 * xx_0 - x_0 * x_0) as bottom_0
        from (
            select
                {{ keys }}, polarity, is_known_type, is_whole,
                {%- for left in [0] + five %}
                {%- for name, term in {
                    'w': 'weight_#', 'x': 'weight_# * later_#', 'y': 'weight_# * higher_#',
                    'xx': 'weight_# * later_# * later_#', 'xy': 'weight_# * later_# * higher_#'
                }.items() %}
                {% for point in five if point != left %}{{ term | replace('#', point | string) }}
                {{- ' + ' if not loop.last }}{% endfor %} as {{ name }}_{{ left }},
                {%- endfor %}
                {%- endfor %}
                points
            from (
                select
                    {{ keys }}, points, lower(trim(polarity)) as polarity,
                    case
                        when lower(trim(value_type)) in ('proportion', 'crude rate', 'directly standardised rate') then 1
                        else 0
                    end as is_known_type,
                    case
                        when points = 5
                            {%- for point in five %}
                            and value_{{ point }} is not null
                            {%- if not loop.last %} and moment_{{ point }} > moment_{{ point + 1 }}{% endif %}
                            {%- endfor %} then 1
                        else 0
                    end as is_whole,
                    {%- for point in five %}
                    {#- distances from the latest point: what is small beside a year or a value keeps its digits #}
                    cast(moment_{{ point }} - moment_1 as double) as later_{{ point }},
                    cast(value_{{ point }} as double) - cast(value_1 as double) as higher_{{ point }},
                    case when width_{{ point }} > 0 then
                        (3.92e0 / width_{{ point }}) * (3.92e0 / width_{{ point }})
                    end as weight_{{ point }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from (
                    select
                        {{ keys }}, count(*) as points,
                        max(case when place = 1 then polarity end) as polarity,
                        max(case when place = 1 then value_type end) as value_type,
                        {%- for point in five %}
                        max(case when place = {{ point }} then moment end) as moment_{{ point }},
                        max(case when place = {{ point }} then value end) as value_{{ point }},
                        max(case when place = {{ point }} then
                            cast(upper_limit as double) - cast(lower_limit as double)
                        end) as width_{{ point }}{{ ',' if not loop.last }}
                        {%- endfor %}
                    from (
                        select
                            {{ keys }}, moment, value, lower_limit, upper_limit, polarity, value_type,
                            row_number() over (partition by {{ keys }} order by moment desc nulls first) as place
                        from {{ relation }}
                    ) as placed
                    where place <= 5
                    group by {{ keys }}
                ) as wide
            ) as weighed
        ) as summed
    ) as fitted
{%- endmacro %}
