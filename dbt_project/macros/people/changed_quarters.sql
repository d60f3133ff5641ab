{#
    Which quarters' groups of people a run builds again: environment variable `OUTTURN_CHANGED_QUARTERS`, `all` (the
    default) or a JSON list of the first days of quarters. As `changed_months`, which is for the spine.

    Usage:  {{ and_quarter_is_changed('period_start') }}   a condition to add to a where; nothing when all are built
            {{ delete_changed_quarters() }}   for a pre-hook: a quarter that has become empty must be emptied
#}
{% macro changed_quarters() -%}
    {{ return(first_days('OUTTURN_CHANGED_QUARTERS', '[0-9]{4}-(01|04|07|10)-01', 'quarter')) }}
{%- endmacro %}

{% macro and_quarter_is_changed(column) -%}
    {%- if changed_quarters() is not none and is_incremental() -%}
        and {{ in_first_days(column, changed_quarters()) }}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_quarters() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} {% if changed_quarters() is not none -%}
            where {{ in_first_days('month_start', changed_quarters()) }}
        {%- endif %}
    {%- endif -%}
{%- endmacro %}
