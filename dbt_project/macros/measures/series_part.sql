{#
    Which part of a series a day lies in: 0 before the first change of the definition, 1 from it to the second, and so on.

    Usage:  {{ series_part('catalogue.breaks', 'points.period_start') }} as rebase_group
    breaks: first days of the versions after the first, as ISO dates in rising order with spaces between; blank or null
    without a change. At most nine, as the catalogue allows. Returns integer.
    Source: NHS England, Making Data Count: limits are set anew where the way of counting changed.
#}
{% macro series_part(breaks, day) -%}
    (
        {%- for place in range(9) %}
        case
            when cast(nullif(substr(coalesce({{ breaks }}, ''), {{ 11 * place + 1 }}, 10), '') as date) <= {{ day }} then 1
            else 0
        end {{ '+' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
