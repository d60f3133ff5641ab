{#
    Whose rows a run has to add up again: environment variable `OUTTURN_CHANGED_INDICATORS`, `all` (the default) or a JSON
    list of indicators. Not a dbt variable, and not looked at while the project is read, as `changed_months` is not.

    Usage:  {{ and_indicator_is_changed('indicator_id') }}   a condition to add to a where; nothing when all are built
            {{ where_indicator_is_changed('indicator_id') }}, {{ and_of_changed_indicators('indicator_id') }}
                the same for data tests, as a where of its own and as a condition to add
            {{ delete_changed_indicators() }}   for a pre-hook: an indicator that has no row any more must be emptied
    Which they are is the orchestration's to say: those of which any table of rows is made again (README, "Only what
    changed"). A table that is not there yet is built whole, whatever the variable says.
#}
{% macro changed_indicators() -%}
    {%- set text = env_var('OUTTURN_CHANGED_INDICATORS', 'all') if execute else 'all' -%}
    {%- if text == 'all' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set chosen = fromjson(text) -%}
    {%- if chosen is none or chosen is string or chosen is not sequence -%}
        {{ exceptions.raise_compiler_error("OUTTURN_CHANGED_INDICATORS is a JSON list of indicators, or all; not " ~ text) }}
    {%- endif -%}
    {%- for indicator in chosen -%}
        {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', indicator | string) -%}
            {{ exceptions.raise_compiler_error(
                "OUTTURN_CHANGED_INDICATORS holds '" ~ indicator ~ "', which names no indicator") }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen | map('string') | list) }}
{%- endmacro %}

{% macro in_changed_indicators(column) -%}
    {%- set indicators = changed_indicators() -%}
    {%- if indicators -%}
        {{ column }} in ({% for name in indicators %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}

{% macro and_indicator_is_changed(column) -%}
    {%- if changed_indicators() is not none and is_incremental() -%}
        and {{ in_changed_indicators(column) }}
    {%- endif -%}
{%- endmacro %}

{% macro and_of_changed_indicators(column) -%}
    {%- if changed_indicators() is not none -%}
        and {{ in_changed_indicators(column) }}
    {%- endif -%}
{%- endmacro %}

{% macro delete_changed_indicators() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} {{ where_indicator_is_changed('indicator_id') }}
    {%- endif -%}
{%- endmacro %}

{% macro where_indicator_is_changed(column) -%}
    {%- if changed_indicators() is not none -%}
        where {{ in_changed_indicators(column) }}
    {%- endif -%}
{%- endmacro %}
