{#
    A DECIMAL(5,2) as a reader would write it: 10.00 -> 10, 12.50 -> 12.5.

    Usage:  {{ plain_number('max_missing_pct') }}
#}
{% macro plain_number(value) -%}
    case
        when {{ value }} = cast({{ value }} as integer) then cast(cast({{ value }} as integer) as {{ dbt.type_string() }})
        when {{ value }} * 10 = cast({{ value }} * 10 as integer)
            then cast(cast({{ value }} as decimal(4, 1)) as {{ dbt.type_string() }})
        else cast({{ value }} as {{ dbt.type_string() }})
    end
{%- endmacro %}
