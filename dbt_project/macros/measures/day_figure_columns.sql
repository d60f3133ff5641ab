{#
    What every figure that is counted by the day passes on from its sums: period, parts, and how complete it is.

    Usage:  select {{ day_figure_columns('sums') }}, <limits> from {{ ref('int_period_sums') }} as sums
    The measure adds lower_limit, upper_limit and interval_method; its value is the quotient of the two parts.
#}
{% macro day_figure_columns(sums) -%}
    {{ sums }}.indicator_id,
    {{ sums }}.area_code,
    {{ sums }}.period_kind,
    {{ sums }}.period_id,
    {{ sums }}.period_start,
    {{ sums }}.period_end,
    {{ sums }}.numerator,
    {{ sums }}.denominator,
    cast({{ sums }}.numerator * {{ sums }}.multiplier as decimal(38, 9)) as value_numerator,
    {{ sums }}.window_days,
    {{ sums }}.covered_days,
    {{ sums }}.missing_days,
    {{ sums }}.unavailable_days,
    {{ sums }}.data_complete_as_at,
    {{ sums }}.data_cut_status,
    -- Nothing of nothing is a count that came, and no figure.
    cast(case
        when {{ sums }}.denominator = 0 then 'Nothing was counted that this figure could be a part of.'
    end as {{ dbt.type_string() }}) as not_available_reason
{%- endmacro %}
