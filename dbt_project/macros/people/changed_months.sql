{#
    Which months of the spine a run builds again: environment variable `OUTTURN_CHANGED_MONTHS`, `all` (the default) or
    a JSON list of the first days of months. Not a dbt variable, and not looked at while the project is read: dbt would
    read the whole project anew whenever it differs.

    Usage:  {{ changed_months() }}   a list of dates as text, none for all months
            {{ and_month_is_changed('month_start') }}   a condition to add to a where; nothing when all are built
            {{ where_month_is_changed('month_start') }}   the same as a where of its own, for data tests
            {{ delete_changed_months() }}   for a pre-hook: a month that has become empty must be emptied
    Which months a submission changes is the orchestration's to say (README, "Only what changed"). A table that is not
    there yet is built whole, whatever the variable says.
#}
{% macro changed_months() -%}
    {%- set text = env_var('OUTTURN_CHANGED_MONTHS', 'all') if execute else 'all' -%}
    {%- if text == 'all' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set chosen = fromjson(text) -%}
    {%- if chosen is none or chosen is string or chosen is not sequence -%}
        {{ exceptions.raise_compiler_error(
            "OUTTURN_CHANGED_MONTHS is a JSON list of first days of months, or all; not " ~ text) }}
    {%- endif -%}
    {%- for month in chosen -%}
        {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-01', month | string) -%}
            {{ exceptions.raise_compiler_error("OUTTURN_CHANGED_MONTHS holds '" ~ month ~ "', which is no first of a month") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen | map('string') | list) }}
{%- endmacro %}

{% macro in_changed_months(column) -%}
    {%- set months = changed_months() -%}
    {%- if months -%}
        {{ column }} in ({% for month in months %}cast('{{ month }}' as date){{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}

{% macro and_month_is_changed(column) -%}
    {%- if changed_months() is not none and is_incremental() -%}
        and {{ in_changed_months(column) }}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_months() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} {{ where_month_is_changed('month_start') }}
    {%- endif -%}
{%- endmacro %}

{% macro where_month_is_changed(column) -%}
    {%- if changed_months() is not none -%}
        where {{ in_changed_months(column) }}
    {%- endif -%}
{%- endmacro %}
