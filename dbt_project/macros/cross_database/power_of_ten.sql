{#
    Ten to a power from 0 to 18, as an exact whole number.

    Usage:  {{ power_of_ten(3) }}  or  {{ power_of_ten('value_decimals') }}
    A number becomes a literal, an SQL expression becomes a case over the nine precisions a figure can have;
    anything else gives null. power() is not used: it answers in floating point.
#}
{% macro power_of_ten(exponent) -%}
    {%- if exponent is number -%}
        {%- if exponent < 0 or exponent > 18 -%}
            {{ exceptions.raise_compiler_error("power_of_ten takes 0 to 18, not " ~ exponent) }}
        {%- endif -%}
        {{ 10 ** exponent }}
    {%- else -%}
        case {{ exponent }}{% for decimals in range(10) %} when {{ decimals }} then {{ 10 ** decimals }}{% endfor %} end
    {%- endif -%}
{%- endmacro %}
