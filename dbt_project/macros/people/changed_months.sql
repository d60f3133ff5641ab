{#
    Which months of the spine a run builds again: environment variable `OUTTURN_CHANGED_MONTHS`, `all` (the default) or
    a JSON list of the first days of months.

    Usage:  {{ changed_months() }}   a list of dates as text, none for all months
            {{ and_month_is_changed('month_start') }}   a condition to add to a where; nothing when all are built
            {{ where_month_is_changed('month_start') }}   the same as a where of its own, for data tests
            {{ delete_changed_months() }}   for a pre-hook: a month that has become empty must be emptied
    Which months a submission changes is the orchestration's to say (README, "Only what changed"). A table that is not
    there yet is built whole, whatever the variable says.
#}
{% macro changed_months() -%}
    {{ return(first_days('OUTTURN_CHANGED_MONTHS', '[0-9]{4}-[0-9]{2}-01', 'month')) }}
{%- endmacro %}

{% macro and_month_is_changed(column) -%}
    {%- if changed_months() is not none and is_incremental() -%}
        and {{ in_first_days(column, changed_months()) }}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_months() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} {{ where_month_is_changed('month_start') }}
    {%- endif -%}
{%- endmacro %}

{% macro where_month_is_changed(column) -%}
    {%- if changed_months() is not none -%}
        where {{ in_first_days(column, changed_months()) }}
    {%- endif -%}
{%- endmacro %}
