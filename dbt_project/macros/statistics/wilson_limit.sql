{#
    One Wilson limit of a proportion: x events among n people.

    Usage:  {{ wilson_limit('lower', 'numerator', 'denominator', 100) }}
    side: 'lower' or 'upper'; confidence in percent as in normal_quantile. Returns DECIMAL(20,9) on the scale of the
    multiplier (1 or 100). Null when n is 0; x above n gives null too: that is no proportion and a test of the indicator
    reports it.
    (2x + z^2 -/+ z * sqrt(z^2 + 4x(1 - x/n))) / 2(n + z^2).
    x and n are exact sums; floating point enters after the last sum and leaves with the cast.
    Source: Wilson 1927; Office for Health Improvement and Disparities, technical guide on confidence intervals.
#}
{% macro wilson_limit(side, events, people, multiplier=1, confidence=95) -%}
    cast({{ wilson_bound(side, events, people, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro wilson_bound(side, events, people, multiplier=1, confidence=95) -%}
    {%- set z = normal_quantile(confidence) -%}
    {%- set x = 'cast(' ~ events ~ ' as double)' -%}
    {%- set n = 'cast(' ~ people ~ ' as double)' -%}
    case
        when {{ people }} > 0 and {{ events }} between 0 and {{ people }} then
            (
                2 * {{ x }} + {{ z }} * {{ z }}
                {{ '-' if side == 'lower' else '+' }} {{ z }} * sqrt(
                    {{ z }} * {{ z }} + 4 * {{ x }} * (1 - {{ x }} / {{ n }})
                )
            ) / (2 * ({{ n }} + {{ z }} * {{ z }})) * {{ multiplier }}
    end
{%- endmacro %}
