{#
    The published value of a quotient: rounded once, half up (half away from zero), to an agreed precision.

    Usage:  {{ round_half_up('numerator', 'denominator', 1) }}   or a column name as the precision (0 to 9)
    numerator, denominator: integers or DECIMALs with up to nine decimals, never DOUBLE. Null when either is null or
    the denominator is 0. Returns DECIMAL(20,9).
    Source: the KPI return's rule, "rounded once, half up, from the exact quotient": what is printed is paid.
#}
{% macro round_half_up(numerator, denominator, decimals) -%}
    cast(
        {{ decimal_from_units(
            rounded_units(numerator, denominator, power_of_ten(decimals), 9, 9) ~ ' * (' ~ units_per_step(decimals) ~ ')',
            9
        ) }} as decimal(20, 9)
    )
{%- endmacro %}

{#- How many billionths one step of a precision is: 1 decimal -> 100,000,000. -#}
{% macro units_per_step(decimals) -%}
    {%- if decimals is number -%}
        {{ 10 ** (9 - decimals) }}
    {%- else -%}
        case {{ decimals }}{% for places in range(10) %} when {{ places }} then {{ 10 ** (9 - places) }}{% endfor %} end
    {%- endif -%}
{%- endmacro %}
