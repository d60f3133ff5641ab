{#
    Age in whole years on a day, between 0 and 120.

    Usage:  {{ whole_years('birth_month', 'month_start') }}
    birth_month: the first of the month of birth, all that is known; both are firsts of a month, so only months count.
#}
{% macro whole_years(birth_month, day) -%}
    greatest(0, least(120, cast(
        extract(year from {{ day }}) - extract(year from {{ birth_month }})
        - case when extract(month from {{ day }}) < extract(month from {{ birth_month }}) then 1 else 0 end
        as integer
    )))
{%- endmacro %}
