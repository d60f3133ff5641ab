-- The same months laid over their days, so that they are added up, judged for gaps and withheld like figures that come
-- by the day: the counts stand on the first of the month, and every day of a month that did not come is missing. The
-- span reaches from the first month that came to the last day the sender's returns cover.
{{ config(meta={'submissions_of': ['aggregate_kpi_return']}) }}
with covered as (
    select
        organisation,
        max(day) as last_day
    from {{ ref('int_submission_coverage') }}
    where feed = 'aggregate_kpi_return'
    group by organisation
),

spans as (
    select
        months.indicator_id,
        months.area_code,
        min(months.multiplier) as multiplier,
        min(months.period_start) as span_start,
        max(covered.last_day) as span_end
    from {{ ref('int_returned_months') }} as months
    inner join covered
        on months.area_code = covered.organisation
    group by months.indicator_id, months.area_code
)

select
    spans.indicator_id,
    spans.area_code,
    calendar.day,
    spans.span_end,
    case
        when calendar.day = months.period_start then months.numerator
        when months.period_start is not null then 0
    end as numerator,
    case
        when calendar.day = months.period_start then months.denominator
        when months.period_start is not null then 0
    end as denominator,
    spans.multiplier,
    case when months.period_start is null then 'missing' else 'complete' end as day_status
from spans
inner join {{ ref('int_calendar') }} as calendar
    on calendar.day between spans.span_start and spans.span_end
left join {{ ref('int_returned_months') }} as months
    on
        spans.indicator_id = months.indicator_id
        and spans.area_code = months.area_code
        and calendar.day between months.period_start and months.period_end
