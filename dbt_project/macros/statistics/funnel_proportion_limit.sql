{#
    One funnel limit of a proportion: how far an area of this size may lie from the average by chance.

    Usage:  {{ funnel_proportion_limit('lower', 'average', 'people', 100, 95) }}
    average: the share of the whole set (sum of x / sum of n, 0 to 1); people: n of the area. confidence 95 is the
    inner funnel (p = 0.975), 99.8 the outer (p = 0.999). average -/+ z * sqrt(average (1 - average) / n), kept within
    0 and 1. Returns DECIMAL(20,9) on the scale of the multiplier.
    Refused, as null: nobody, and an average that is no share.
    Source: METHODS, funnel limits; Spiegelhalter 2005, Funnel plots for comparing institutional performance.
#}
{% macro funnel_proportion_limit(side, average, people, multiplier=1, confidence=95) -%}
    cast({{ funnel_proportion_bound(side, average, people, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro funnel_proportion_bound(side, average, people, multiplier=1, confidence=95) -%}
    {%- set p = 'cast(' ~ average ~ ' as double)' -%}
    {%- set reach = normal_quantile(confidence) ~ ' * sqrt(' ~ p ~ ' * (1 - ' ~ p ~ ') / cast(' ~ people ~ ' as double))' -%}
    case
        when {{ people }} > 0 and {{ average }} between 0 and 1 then
            {% if side == 'lower' -%}
            greatest(cast(0 as double), {{ p }} - {{ reach }})
            {%- else -%}
            least(cast(1 as double), {{ p }} + {{ reach }})
            {%- endif %} * {{ multiplier }}
    end
{%- endmacro %}
