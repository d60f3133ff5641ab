-- Months of the indicators that arrive as counts in an aggregate return: those the catalogue counts from it alone, as a
-- quotient. The code of a row is the indicator's id, the sender's code the area's. No indicator is named here, so that
-- a place adds one by its definition and its return. A share above its whole is no figure: the month stays missing.
{{ config(meta={'submissions_of': ['aggregate_kpi_return']}) }}
with counted as (
    select
        catalogue.indicator_id,
        catalogue.statistic,
        catalogue.multiplier
    from {{ source('run', 'indicator_catalogue') }} as catalogue
    inner join {{ source('run', 'indicator_feeds') }} as feeds
        on catalogue.indicator_id = feeds.indicator_id
    where
        feeds.feed = 'aggregate_kpi_return'
        and not catalogue.person_level
        and catalogue.statistic in ('proportion', 'ratio_of_sums')
)

select
    counted.indicator_id,
    returns.organisation as area_code,
    calendar.month_id as period_id,
    returns.period_start,
    returns.period_end,
    returns.numerator,
    returns.denominator,
    counted.multiplier,
    returns.submission_id
from {{ ref('stg_aggregate_kpi_return') }} as returns
inner join counted
    on returns.kpi = counted.indicator_id
inner join {{ ref('int_submission_coverage') }} as coverage
    on
        coverage.feed = 'aggregate_kpi_return'
        and returns.organisation = coverage.organisation
        and returns.period_start = coverage.day
        and returns.submission_id = coverage.submission_id
inner join {{ ref('int_calendar') }} as calendar
    on
        returns.period_start = calendar.day
        and returns.period_start = calendar.month_start
        and returns.period_end = calendar.month_end
where
    returns.numerator is not null
    and returns.denominator is not null
    and (counted.statistic = 'ratio_of_sums' or returns.numerator <= returns.denominator)
