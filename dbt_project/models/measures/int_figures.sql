-- Every figure of every indicator before rounding and before it is judged: `measures` prints it at the catalogue's
-- precision and limit, `kpi_return` at the agreement's.
{% set statistics = ['census_mean', 'ratio_of_sums', 'proportion', 'published_percentage'] %}
{% set columns = [
    'indicator_id', 'area_code', 'period_kind', 'period_id', 'period_start', 'period_end', 'multiplier', 'numerator',
    'denominator', 'lower_limit', 'upper_limit', 'interval_method', 'window_days', 'covered_days', 'missing_days',
    'unavailable_days', 'data_complete_as_at', 'data_cut_status', 'not_available_reason'
] %}

with figures as (
    {% for statistic in statistics %}
        select {{ columns | join(', ') }}
        from {{ ref('measure_' ~ statistic) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    figures.*,
    cast(figures.numerator * figures.multiplier as decimal(20, 9)) as value_numerator
from figures
