{#
    One limit of a forecast, from how far the same way of forecasting was off in the past.

    Usage:  {{ back_test_limit('lower', 'forecast', 'squares', 'origins', student_t_quantile('origins - 1', 't.quantile')) }}
    squares: exact sum of the squared errors of `origins` past forecasts over the same number of months; at least 3 of
    them, else null. Returns DECIMAL(20,9) with nine decimals, not below 0.
    forecast -/+ t * sqrt(squares / origins): errors are taken about zero, so that a forecast that was always too low is
    not called a sure one. Origins overlap, and their errors are not independent: the limits are a rough guide.
    Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.5 and 5.10 (forecasting from a
    rolling origin).
#}
{% macro back_test_limit(side, forecast, squares, origins, quantile) -%}
    cast(
        case
            -- greatest() of a blank and nought is nought on some engines
            when {{ origins }} >= 3 and {{ forecast }} is not null then
                greatest(
                    cast({{ forecast }} as double)
                    {{ '-' if side == 'lower' else '+' }} {{ quantile }} * sqrt(
                        cast({{ squares }} as double) / cast({{ origins }} as double)
                    ),
                    cast(0 as double)
                )
        end as decimal(20, 9)
    )
{%- endmacro %}
