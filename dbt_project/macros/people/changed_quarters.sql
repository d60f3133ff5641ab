{#
    Which quarters' groups of people a run builds again: environment variable `OUTTURN_CHANGED_QUARTERS`, `all` (the
    default) or a JSON list of the first days of quarters. As `changed_months`, which is for the spine.

    Usage:  {{ and_quarter_is_changed('period_start') }}   a condition to add to a where; nothing when all are built
            {{ delete_changed_quarters('admitted_care') }}   for a pre-hook: a quarter that has become empty must be
                emptied; of a table that grows by person too, of the people this feed changes (`changed_people`)
#}
{% macro changed_quarters() -%}
    {{ return(first_days('OUTTURN_CHANGED_QUARTERS', '[0-9]{4}-(01|04|07|10)-01', 'quarter')) }}
{%- endmacro %}

{% macro and_quarter_is_changed(column) -%}
    {%- if changed_quarters() is not none and is_incremental() -%}
        and {{ in_first_days(column, changed_quarters()) }}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_quarters(feed) -%}
    {%- if is_incremental() -%}
        {%- set chosen = and_quarter_is_changed('month_start') ~ ' ' ~ and_person_is_changed('person_key', feed) -%}
        delete from {{ this }} where 1 = 1 {{ chosen }}
    {%- endif -%}
{%- endmacro %}
