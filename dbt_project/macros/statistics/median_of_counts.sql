{#
    Twice the median of whole numbers that are given as counts per amount: a query.

    Usage:  select * from ({{ median_of_counts('amounts', ['period', 'area']) }}) as medians
    relation: one row per group and amount with amount (whole number) and cases (how many). Returns the groups, cases
    (their total) and twice_median: the sum of the two middle amounts, or twice the middle one. Twice, so that it stays
    a whole number; no percentile function, which engines name and interpolate differently.
    Source: METHODS, median wait.
#}
{% macro median_of_counts(relation, groups) -%}
    select
        {{ groups | join(', ') }},
        max(total_cases) as cases,
        min(case when 2 * cases_up_to >= total_cases then amount end)
        + min(case when 2 * cases_up_to >= total_cases + 1 then amount end) as twice_median
    from (
        select
            {{ groups | join(', ') }}, amount,
            sum(cases) over (
                partition by {{ groups | join(', ') }} order by amount
                rows between unbounded preceding and current row
            ) as cases_up_to,
            sum(cases) over (partition by {{ groups | join(', ') }}) as total_cases
        from {{ relation }}
    ) as counted
    group by {{ groups | join(', ') }}
{%- endmacro %}
