-- Routine referrals to community services with a first contact, by the day of the contact: days from the referral to it.
with contacts as (
    select
        person_key,
        first_contact_on as event_date,
        {{ dbt.datediff('referred_on', 'first_contact_on', 'day') }} as amount
    from {{ in_force('community_referrals', 'referred_on') }} as referrals
    where urgent = 'N' and first_contact_on is not null
)

select
    'community_wait' as indicator_id,
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
from {{ as_at('contacts', 'event_date', keep_unknown=true) }} as contacts
