{#
    The quantile of the standard normal distribution that leaves half of what a two-sided interval leaves out above it.

    Usage:  {{ normal_quantile(95) }}   1.959963984540054, as a DOUBLE literal
    confidence: 90, 95, 98, 99 or 99.8 percent. A literal, because engines have no such function or their own.
    Source: Abramowitz and Stegun, table 26.5; fifteen decimals by the inverse error function.
#}
{% macro normal_quantile(confidence) -%}
    {%- set quantiles = {
        '90': '1.6448536269514722', '95': '1.959963984540054', '98': '2.3263478740408408',
        '99': '2.5758293035489004', '99.8': '3.090232306167813'
    } -%}
    {%- if confidence | string not in quantiles -%}
        {{ exceptions.raise_compiler_error("there is no normal quantile for " ~ confidence ~ " %") }}
    {%- endif -%}
    cast({{ quantiles[confidence | string] }} as double)
{%- endmacro %}
