{#
    Whole-number quotient of two non-negative whole numbers, rounded down.

    Usage:  {{ integer_divide('a', 'b') }}   b must not be 0.
    `/` differs between engines: DuckDB answers DOUBLE, PostgreSQL truncates integers, Spark answers DECIMAL.
    The default subtracts the remainder first, so that the division is exact whatever `/` rounds to.
#}
{% macro integer_divide(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_divide', 'outturn')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__integer_divide(dividend, divisor) -%}
    cast((({{ dividend }}) - mod({{ dividend }}, {{ divisor }})) / ({{ divisor }}) as decimal(38, 0))
{%- endmacro %}

{% macro duckdb__integer_divide(dividend, divisor) -%}
    (cast({{ dividend }} as hugeint) // cast({{ divisor }} as hugeint))
{%- endmacro %}
