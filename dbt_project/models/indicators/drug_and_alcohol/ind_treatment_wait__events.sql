-- Treatment episodes with consent: days from referral to triage. Without consent the dates are not sent.
with waits as (
    select
        person_key,
        triage_date as event_date,
        {{ dbt.datediff('referral_date', 'triage_date', 'day') }} as amount
    from {{ in_force('treatment_episodes') }} as episodes
    where consent = 'Y' and referral_date is not null and triage_date is not null
)

select
    'treatment_wait' as indicator_id,
    person_key,
    event_date,
    cast(1 as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(amount as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('waits', 'event_date', keep_unknown=true) }} as episodes
