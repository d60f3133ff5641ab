{#
    A whole number of units of ten to the minus `decimals`, as a DECIMAL(38, decimals).

    Usage:  {{ decimal_from_units('units', 9) }}   1500000000 -> 1.500000000
    The default goes by whole part and remainder: engines that shorten the scale of a wide product (Spark) keep every
    digit that way.
#}
{% macro decimal_from_units(units, decimals) -%}
    {{ return(adapter.dispatch('decimal_from_units', 'outturn')(units, decimals)) }}
{%- endmacro %}

{% macro default__decimal_from_units(units, decimals) -%}
    cast(
        cast({{ integer_divide('abs(' ~ units ~ ')', power_of_ten(decimals)) }} as decimal({{ 37 - decimals }}, 0))
        + cast(
            cast(mod(abs({{ units }}), {{ power_of_ten(decimals) }}) as decimal({{ [decimals, 1] | max }}, 0))
            * {{ unit_literal(decimals) }} as decimal({{ decimals + 1 }}, {{ decimals }})
        ) as decimal(38, {{ decimals }})
    ) * sign({{ units }})
{%- endmacro %}

{% macro duckdb__decimal_from_units(units, decimals) -%}
    cast(cast({{ units }} as decimal(38, 0)) * {{ unit_literal(decimals) }} as decimal(38, {{ decimals }}))
{%- endmacro %}

{#- Ten to the minus `decimals` as an exact literal. -#}
{% macro unit_literal(decimals) -%}
    cast({{ '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' }} as decimal({{ decimals + 1 }}, {{ decimals }}))
{%- endmacro %}
