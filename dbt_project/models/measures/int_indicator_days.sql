-- The days of every indicator that is counted by the day: numerator and denominator on complete days, and why a day
-- does not count otherwise; and of those that a return carries by the month, laid over its days.
{% set indicators = [
    'no_criteria_to_reside', 'no_criteria_to_reside_per_100_discharges', 'discharged_by_1700'
] %}

{% for indicator in indicators %}
    select
        '{{ indicator }}' as indicator_id,
        area_code,
        day,
        span_end,
        numerator,
        denominator,
        multiplier,
        day_status
    from {{ ref('ind_' ~ indicator ~ '__days') }}
    union all
{% endfor %}
select
    indicator_id,
    area_code,
    day,
    span_end,
    numerator,
    denominator,
    multiplier,
    day_status
from {{ ref('int_returned_days') }}
