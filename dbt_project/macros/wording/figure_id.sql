{#
    The id of a published or paid figure.

    Usage:  {{ figure_id('indicator', ['indicator_id', 'area_code', 'period_id'], 'value') }}
    Grammar: docs/reference/figure-ids.md. Python code builds and parses ids with foundation.figures; a test parses
    every id these models make with it.
#}
{% macro figure_id(kind, parts, measure=none) -%}
    '{{ kind }}'{% for part in parts %} || ':' || {{ part }}{% endfor %}{% if measure %} || ':{{ measure }}'{% endif %}
{%- endmacro %}
