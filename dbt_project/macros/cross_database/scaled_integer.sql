{#
    An integer or DECIMAL as a whole number of units of ten to the minus `scale`.

    Usage:  {{ scaled_integer('amount', 9) }}   1.5 -> 1500000000
    Exact as long as the value has no more than `scale` decimals; a floating-point value must not be passed.
    Whole part and fraction go separately, so that no intermediate needs more than 38 digits.
#}
{% macro scaled_integer(value, scale) -%}
    {{ return(adapter.dispatch('scaled_integer', 'outturn')(value, scale)) }}
{%- endmacro %}

{% macro default__scaled_integer(value, scale) -%}
    cast(cast({{ value }} as decimal(38, {{ scale }})) * {{ power_of_ten(scale) }} as decimal(38, 0))
{%- endmacro %}

{% macro duckdb__scaled_integer(value, scale) -%}
    (
        cast(trunc(cast({{ value }} as decimal(38, {{ scale }}))) as hugeint) * {{ power_of_ten(scale) }}
        + cast(
            cast(
                cast({{ value }} as decimal(38, {{ scale }})) - trunc(cast({{ value }} as decimal(38, {{ scale }})))
                as decimal({{ scale + 1 }}, {{ scale }})
            ) * {{ power_of_ten(scale) }} as hugeint
        )
    )
{%- endmacro %}
