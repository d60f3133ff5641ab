{#
    Median or percentile of a wait when some still wait or left without being seen: a query over a survival_curve.

    Usage:  select * from ({{ censored_percentile('curve', ['area', 'period'], 50) }}) as waits
    curve: survival_curve of the waits, where `ended` is being seen. percent: a whole number from 1 to 99.
    Returns the groups; twice_days: twice the days by which that percentage is seen, so that it stays a whole number;
    longest_days: how long anybody was followed, for "more than". The first day on which survival is (100 - percent) %
    or less; where it is exactly that, half way to the next day on which somebody is seen, as a median of two middle
    waits is (and median_of_counts, with which it agrees where nobody is censored).
    Refused, as null: a group whose curve is refused, and one in which that percentage is not reached: the answer is
    then "more than longest_days", never the median of those who were seen.
    Source: Kaplan and Meier 1958; Brookmeyer and Crowley 1982 for the point half way.
#}
{% macro censored_percentile(curve, groups, percent=50) -%}
    {%- if percent is not number or percent < 1 or percent > 99 -%}
        {{ exceptions.raise_compiler_error("censored_percentile takes a whole percentage from 1 to 99, not " ~ percent) }}
    {%- endif -%}
    select
        {{ groups | join(', ') }},
        case when level_day = reached_day then reached_day + coalesce(passed_day, reached_day) else 2 * reached_day end
            as twice_days,
        longest_days
    from (
        select
            {{ groups | join(', ') }},
            min(case when 100 * survival <= {{ 100 - percent }} then days end) as reached_day,
            coalesce(min(case when 100 * survival = {{ 100 - percent }} then days end), -1) as level_day,
            min(case when 100 * survival < {{ 100 - percent }} then days end) as passed_day,
            max(days) as longest_days
        from {{ curve }}
        group by {{ groups | join(', ') }}
    ) as crossed
{%- endmacro %}
