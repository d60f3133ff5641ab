{#
    The parts a person-level figure is divided into: kind of breakdown -> the column that holds its groups.

    Usage:  {% for kind, column in breakdown_groups().items() %}
    `all` is the area as a whole and every indicator has it; the others only where the catalogue names them.
#}
{% macro breakdown_groups() -%}
    {{ return({'all': none, 'pcn': 'pcn', 'deprivation': 'deprivation', 'age': 'age_group'}) }}
{%- endmacro %}

{#
    Rows added up for the area and for every group of the breakdowns their indicator has: a query.

    Usage:  {{ broken_down('monthly', ['indicator_id', 'month_start'], {'events': 'sum(events)'}) }}
    relation: rows with the keys, pcn, deprivation, age_group and breakdowns (the catalogue's words for the indicator).
    Returns the keys, breakdown_kind, breakdown_group and the sums. Added up before rows meet the periods: a month lies
    in up to fifteen of them.
#}
{% macro broken_down(relation, keys, sums) -%}
    {%- for kind, column in breakdown_groups().items() %}
        select
            {{ keys | join(', ') }},
            '{{ kind }}' as breakdown_kind,
            {{ column or "'all'" }} as breakdown_group,
            {% for name, expression in sums.items() %}{{ expression }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ relation }}
        {%- if column %}
        where ' ' || breakdowns || ' ' like '% {{ kind }} %'
        {%- endif %}
        group by {{ keys | join(', ') }}{% if column %}, {{ column }}{% endif %}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Whether the catalogue gives an indicator figures of that kind of period. -#}
{% macro has_period_kind(catalogue, period_kind) -%}
    ' ' || {{ catalogue }}.period_kinds || ' ' like '% ' || {{ period_kind }} || ' %'
{%- endmacro %}
