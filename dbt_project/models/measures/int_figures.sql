-- Every figure of every indicator before rounding and before it is judged: `measures` and `breakdowns` print it at the
-- catalogue's precision and limit, `kpi_return` at the agreement's. The value is value_numerator over
-- value_denominator; numerator and denominator are the parts a reader is shown.
{% set day_statistics = ['census_mean', 'ratio_of_sums', 'proportion', 'published_percentage'] %}
{% set person_statistics = ['person_proportion', 'crude_rate', 'dsr', 'mean', 'median'] %}
{% set figure = [
    'indicator_id', 'area_code', 'period_kind', 'period_id', 'numerator', 'denominator', 'value_numerator',
    'lower_limit', 'upper_limit', 'interval_method', 'not_available_reason'
] %}
{% set standing = [
    'period_start', 'period_end', 'window_days', 'covered_days', 'missing_days', 'data_complete_as_at',
    'data_cut_status'
] %}

with day_figures as (
    {% for statistic in day_statistics %}
        select {{ (figure + standing) | join(', ') }}, unavailable_days
        from {{ ref('measure_' ~ statistic) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

person_figures as (
    {% for statistic in person_statistics %}
        select {{ figure | join(', ') }}, value_denominator, breakdown_kind, breakdown_group
        from {{ ref('measure_' ~ statistic) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

figures as (
    select
        {% for column in figure if column not in ('numerator', 'denominator') %}
            {{ column }},
        {% endfor %}
        {{ standing | join(', ') }},
        'all' as breakdown_kind,
        'all' as breakdown_group,
        cast(numerator as decimal(20, 9)) as numerator,
        cast(denominator as decimal(20, 9)) as denominator,
        cast(denominator as decimal(20, 9)) as value_denominator,
        unavailable_days,
        false as person_level
    from day_figures
    -- only the kinds of period its definition has figures for
    where
        exists (
            select 1
            from {{ source('run', 'indicator_catalogue') }} as catalogue
            where
                day_figures.indicator_id = catalogue.indicator_id
                and {{ has_period_kind('catalogue', 'day_figures.period_kind') }}
        )
    union all
    select
        {% for column in figure if column not in ('numerator', 'denominator') %}
            figures.{{ column }},
        {% endfor %}
        {% for column in standing %}
            periods.{{ column }},
        {% endfor %}
        figures.breakdown_kind,
        figures.breakdown_group,
        cast(figures.numerator as decimal(20, 9)) as numerator,
        cast(figures.denominator as decimal(20, 9)) as denominator,
        figures.value_denominator,
        0 as unavailable_days,
        true as person_level
    from person_figures as figures
    inner join {{ ref('int_indicator_periods') }} as periods
        on
            figures.indicator_id = periods.indicator_id
            and figures.area_code = periods.area_code
            and figures.period_id = periods.period_id
)

select figures.*
from figures
