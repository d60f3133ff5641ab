{#
    Half width of the 95 % interval of the mean of a daily count, by the method of batch means.

    Usage:  {{ batch_means_half_width('batches', 'sum_of_means', 'sum_of_squares', 't.quantile') }}
    batches: k, the number of monthly means; sum_of_means, sum_of_squares: exact DECIMAL sums of the means and of their
    squares; quantile: Student's t at 97.5 % with k - 1 degrees of freedom (seed student_t_975).
    t * s / sqrt(k), with s the standard deviation of the k monthly means. Returns DECIMAL(20,9); null below k = 2.

    Why not the days: the count of one day is mostly the count of the day before, so that 365 days carry far less
    information than 365 independent ones and an interval over them would be several times too narrow. Months are close
    to independent. k * sum of squares - (sum)^2 is taken in DECIMAL, where it cannot cancel (one side is wider
    than 18 digits because DuckDB keeps the product of two narrower ones in 64 bits); only the square root is
    floating point, of one exactly known number, hence the same on every run.
    Source: Law, Simulation Modeling and Analysis, chapter 9 (batch means); Student's t as in the mean of METHODS.
#}
{% macro batch_means_half_width(batches, sum_of_means, sum_of_squares, quantile) -%}
    case
        when {{ batches }} >= 2 then cast(
            cast({{ quantile }} as double) * sqrt(
                cast(
                    cast({{ batches }} as decimal(6, 0)) * cast({{ sum_of_squares }} as decimal(31, 12))
                    - cast({{ sum_of_means }} as decimal(19, 6)) * cast({{ sum_of_means }} as decimal(18, 6))
                    as double
                )
                / cast({{ batches }} * {{ batches }} * ({{ batches }} - 1) as double)
            )
            as decimal(20, 9)
        )
    end
{%- endmacro %}
