{#
    One Wilson limit of a proportion: x events among n.

    Usage:  {{ wilson_limit('lower', 'numerator', 'denominator', 100) }}
    side: 'lower' or 'upper'. Returns DECIMAL(20,9) on the scale of the multiplier (1 or 100). Null when n is 0; x above
    n gives null too: that is no proportion and a test of the indicator reports it.
    (2x + z^2 -/+ z * sqrt(z^2 + 4x(1 - x/n))) / 2(n + z^2), z for 95 %.
    x and n are exact sums; floating point enters after the last sum and leaves with the cast.
    Source: Wilson 1927; Office for Health Improvement and Disparities, technical guide on confidence intervals.
#}
{% macro wilson_limit(side, events, people, multiplier=1) -%}
    {%- set z = '1.959963984540054' -%}
    {%- set x = 'cast(' ~ events ~ ' as double)' -%}
    {%- set n = 'cast(' ~ people ~ ' as double)' -%}
    case
        when {{ people }} > 0 and {{ events }} between 0 and {{ people }} then cast(
            (
                2 * {{ x }} + cast({{ z }} as double) * cast({{ z }} as double)
                {{ '-' if side == 'lower' else '+' }} cast({{ z }} as double) * sqrt(
                    cast({{ z }} as double) * cast({{ z }} as double) + 4 * {{ x }} * (1 - {{ x }} / {{ n }})
                )
            ) / (2 * ({{ n }} + cast({{ z }} as double) * cast({{ z }} as double))) * {{ multiplier }}
            as decimal(20, 9)
        )
    end
{%- endmacro %}
