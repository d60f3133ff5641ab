-- Routine waits for a first contact of more than 14 days, of people somebody knows: whether any community service saw the
-- person between the referral and the end of the wait. A wait ends with the first contact, with death, and at the latest
-- after 90 days. Several contacts support one wait once; one contact in several waits supports the one that began first.
-- Only waits that began on a day somebody told of contacts: where nobody did, nobody knows who was alone.
{{ config(meta={'submissions_of': ['community_contacts', 'community_referrals']}) }}
with told as (
    select distinct coverage.day
    from {{ ref('int_submission_coverage') }} as coverage
    where coverage.feed = 'community_contacts'
),

waits as (
    select
        referrals.organisation,
        referrals.referral_id,
        referrals.person_key,
        referrals.referred_on,
        least(
            coalesce(referrals.first_contact_on, cast({{ dbt.dateadd('day', 91, 'referrals.referred_on') }} as date)),
            coalesce(deaths.date_of_death, cast({{ dbt.dateadd('day', 91, 'referrals.referred_on') }} as date)),
            cast({{ dbt.dateadd('day', 91, 'referrals.referred_on') }} as date)
        ) as wait_end
    from {{ in_force('community_referrals', 'referred_on') }} as referrals
    inner join told
        on referrals.referred_on = told.day
    left join {{ ref('int_deaths') }} as deaths
        on referrals.person_key = deaths.person_key
    where
        referrals.urgent = 'N'
        and coalesce(referrals.closed_reason, '') not in ('refused', 'abandoned')
        and referrals.person_key is not null
),

long_waits as (
    select
        organisation,
        referral_id,
        person_key,
        referred_on as event_date,
        wait_end
    from waits
    where {{ dbt.datediff('referred_on', 'wait_end', 'day') }} > 14
),

support as (
    select
        long_waits.organisation,
        long_waits.referral_id,
        row_number() over (
            partition by contacts.organisation, contacts.care_contact_id
            order by long_waits.event_date, long_waits.organisation, long_waits.referral_id
        ) as place
    from long_waits
    inner join {{ in_force('community_contacts', 'contact_date') }} as contacts
        on
            long_waits.person_key = contacts.person_key
            and long_waits.event_date < contacts.contact_date
            and long_waits.wait_end > contacts.contact_date
    where contacts.attendance in ('5', '6')
),

supported as (
    select distinct
        organisation,
        referral_id
    from support
    where place = 1
),

judged as (
    select
        long_waits.person_key,
        long_waits.event_date,
        case when supported.referral_id is null then 0 else 1 end as numerator
    from long_waits
    left join supported
        on long_waits.organisation = supported.organisation and long_waits.referral_id = supported.referral_id
)

select
    'supported_while_waiting' as indicator_id,
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
from {{ as_at('judged', 'event_date', keep_unknown=true) }} as referrals
