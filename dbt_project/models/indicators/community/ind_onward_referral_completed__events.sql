-- Referrals to community services, urgent and routine: whether a first contact came within 90 days. Refused and abandoned
-- ones stay in.
with referrals as (
    select
        person_key,
        referred_on as event_date,
        case
            when {{ dbt.datediff('referred_on', 'first_contact_on', 'day') }} between 0 and 90 then 1
            else 0
        end as numerator
    from {{ in_force('community_referrals', 'referred_on') }} as referrals
)

select
    'onward_referral_completed' as indicator_id,
    person_key,
    event_date,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('referrals', 'event_date', keep_unknown=true) }} as referrals
