{#
    One limit of a mean, by Student's t with n - 1 degrees of freedom.

    Usage:  {{ student_t_limit('lower', 'cases', 'total', 'squares', student_t_quantile('cases - 1', 't.quantile')) }}
    cases: n; total, squares: exact sums of the values and of their squares as whole numbers of units, of which `units`
    make one (1 for days). Returns DECIMAL(20,9); null below two cases.
    total/n -/+ t * sqrt((n * squares - total^2) / (n^2 (n - 1))). The difference is taken in whole numbers, where it
    cannot cancel; only the square root is floating point.
    Source: METHODS, mean; Office for Health Improvement and Disparities, technical guide.
#}
{% macro student_t_limit(side, cases, total, squares, quantile, units=1) -%}
    cast({{ student_t_bound(side, cases, total, squares, quantile, units) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro student_t_bound(side, cases, total, squares, quantile, units=1) -%}
    {%- set n = 'cast(' ~ cases ~ ' as double)' -%}
    case
        when {{ cases }} >= 2 then
            (
                cast({{ total }} as double)
                {{ '-' if side == 'lower' else '+' }} {{ quantile }} * sqrt(
                    cast(
                        cast({{ cases }} as decimal(38, 0)) * cast({{ squares }} as decimal(38, 0))
                        - cast({{ total }} as decimal(38, 0)) * cast({{ total }} as decimal(38, 0)) as double
                    ) / ({{ n }} - 1)
                )
            ) / {{ n }} / {{ units }}
    end
{%- endmacro %}
