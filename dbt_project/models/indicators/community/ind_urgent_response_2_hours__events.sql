-- Urgent referrals under the two-hour standard of which it can be told: whether the first contact came within two hours.
with judged as (
    select *
    from {{ ref('int_urgent_responses') }}
    where is_within_two_hours is not null
)

select
    'urgent_response_2_hours' as indicator_id,
    person_key,
    event_date,
    cast(is_within_two_hours as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('judged', 'event_date', keep_unknown=true) }} as referrals
