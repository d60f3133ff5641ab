{#
    The first days a run builds again, from an environment variable that holds `all` (the default) or a JSON list of them.
    A day that is none stops the build.

    Usage:  {{ first_days('OUTTURN_CHANGED_MONTHS', '[0-9]{4}-[0-9]{2}-01', 'month') }}   a list of text, none for all
            {{ in_first_days('month_start', changed_months()) }}   a condition; false where the list is empty
    Not a dbt variable, and not looked at while the project is read: dbt would read the whole project anew whenever it
    differs.
#}
{% macro first_days(variable, pattern, kind) -%}
    {%- set text = env_var(variable, 'all') if execute else 'all' -%}
    {%- if text == 'all' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set chosen = fromjson(text) -%}
    {%- if chosen is none or chosen is string or chosen is not sequence -%}
        {{ exceptions.raise_compiler_error(
            variable ~ " is a JSON list of first days of " ~ kind ~ "s, or all; not " ~ text) }}
    {%- endif -%}
    {%- for day in chosen -%}
        {%- if not modules.re.fullmatch(pattern, day | string) -%}
            {{ exceptions.raise_compiler_error(variable ~ " holds '" ~ day ~ "', which is no first of a " ~ kind) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen | map('string') | list) }}
{%- endmacro %}

{% macro in_first_days(column, days) -%}
    {%- if days -%}
        {{ column }} in ({% for day in days %}cast('{{ day }}' as date){{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        1 = 0
    {%- endif -%}
{%- endmacro %}
