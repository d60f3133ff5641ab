-- Urgent referrals under the two-hour standard: whether the time of the clock's start or of the first contact lacks, was
-- none or contradicts itself, so that nobody can tell whether the contact came within two hours.
select
    'urgent_response_not_timed' as indicator_id,
    person_key,
    event_date,
    cast(case when is_within_two_hours is null then 1 else 0 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at(ref('int_urgent_responses'), 'event_date', keep_unknown=true) }} as referrals
