{#
    One Byar limit of a count of events, as a count: DOUBLE.

    Usage:  {{ byar_limit('lower', 'events') }}
    x(1 - 1/9x - z/3 sqrt(x))^3 and (x+1)(1 - 1/9(x+1) + z/3 sqrt(x+1))^3. The lower limit is null at 0 events and
    wherever it would be negative. For a rate below 10 events use the exact limit: rate_limit chooses.
    Source: Breslow and Day 1987, equation 2.13; Office for Health Improvement and Disparities, technical guide.
#}
{% macro byar_limit(side, events, confidence=95) -%}
    {%- set z = normal_quantile(confidence) -%}
    {%- if side == 'lower' -%}
        {%- set x = 'cast(' ~ events ~ ' as double)' -%}
        {%- set root = '(1 - 1 / (9 * ' ~ x ~ ') - ' ~ z ~ ' / (3 * sqrt(' ~ x ~ ')))' -%}
        case when {{ events }} > 0 and {{ root }} >= 0 then {{ x }} * {{ root }} * {{ root }} * {{ root }} end
    {%- else -%}
        {%- set x = '(cast(' ~ events ~ ' as double) + 1)' -%}
        {%- set root = '(1 - 1 / (9 * ' ~ x ~ ') + ' ~ z ~ ' / (3 * sqrt(' ~ x ~ ')))' -%}
        {{ x }} * {{ root }} * {{ root }} * {{ root }}
    {%- endif -%}
{%- endmacro %}
