{#
    A quotient rounded once, half away from zero, from integers or DECIMALs, without floating point.

    Usage:  {{ exact_quotient('sum_y', 'points', 18, numerator_scale=15, denominator_scale=0) }}
    Null when either side is null or the denominator is 0. `numerator_scale` and `denominator_scale` are the
    decimals the two sides may have. Returns DECIMAL(38, decimals).
    Why: sum and division in DOUBLE depend on the order of rows, and turn 2.25 into 2.2.
#}
{% macro exact_quotient(numerator, denominator, decimals, numerator_scale=9, denominator_scale=9) -%}
    {%- set factor = power_of_ten(decimals + denominator_scale - numerator_scale) -%}
    {{ decimal_from_units(rounded_units(numerator, denominator, factor, numerator_scale, denominator_scale), decimals) }}
{%- endmacro %}

{#
    The rounded whole number behind `exact_quotient` and `round_half_up`:
    floor((2 * |n| * factor + |d|) / (2 * |d|)), with the sign of the quotient.
#}
{% macro rounded_units(numerator, denominator, factor, numerator_scale, denominator_scale) -%}
    {%- set n = scaled_integer(numerator, numerator_scale) -%}
    {%- set d = scaled_integer(denominator, denominator_scale) -%}
    (case
        when {{ denominator }} is null or {{ numerator }} is null or {{ denominator }} = 0 then null
        else
            case when ({{ numerator }} < 0) = ({{ denominator }} < 0) then 1 else -1 end
            * {{ integer_divide(
                '(2 * abs(' ~ n ~ ') * (' ~ factor ~ ') + abs(' ~ d ~ '))', '(2 * abs(' ~ d ~ '))'
            ) }}
    end)
{%- endmacro %}
