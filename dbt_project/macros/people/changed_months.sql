{#
    Which months of the spine a run builds again: dbt variable `changed_months`, `all` (the default) or a list of the
    first days of months.

    Usage:  {{ changed_months() }}   a list of dates as text, none for all months
            {{ and_month_is_changed('month_start') }}   a condition to add to a where; nothing when all are built
            {{ where_month_is_changed('month_start') }}   the same as a where of its own, for data tests
            {{ rebuild_all_months() }}   for the config full_refresh
            {{ delete_changed_months() }}   for a pre-hook: a month that has become empty must be emptied
    Which months a submission changes is the orchestration's to say (README, "Only what changed"). A table that is not
    there yet is built whole, whatever the variable says.
#}
{% macro changed_months() -%}
    {%- set chosen = var('changed_months', 'all') -%}
    {%- if chosen == 'all' or chosen == ['all'] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if chosen is string or chosen is not iterable -%}
        {{ exceptions.raise_compiler_error("changed_months is a list of first days of months, or all; not " ~ chosen) }}
    {%- endif -%}
    {%- for month in chosen -%}
        {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-01', month | string) -%}
            {{ exceptions.raise_compiler_error("changed_months holds '" ~ month ~ "', which is no first of a month") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen | map('string') | list) }}
{%- endmacro %}

{% macro rebuild_all_months() -%}
    {{ return(true if changed_months() is none else none) }}
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
    {%- if changed_months() is not none and is_incremental() -%}
        delete from {{ this }} where {{ in_changed_months('month_start') }}
    {%- endif -%}
{%- endmacro %}

{% macro where_month_is_changed(column) -%}
    {%- if changed_months() is not none -%}
        where {{ in_changed_months(column) }}
    {%- endif -%}
{%- endmacro %}
