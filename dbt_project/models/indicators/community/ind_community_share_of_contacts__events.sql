-- Contacts people had with community services and with emergency departments: whether each was in the community. Only
-- contacts at which the person was seen, and no planned attendance or same-day emergency care, on days both settings told
-- of: with one of them alone the share would be all or nothing.
{{ config(meta={'submissions_of': ['community_contacts', 'emergency_care']}) }}
with told as (
    select distinct visits.day
    from {{ ref('int_submission_coverage') }} as visits
    inner join {{ ref('int_submission_coverage') }} as arrivals
        on visits.day = arrivals.day and arrivals.feed = 'emergency_care'
    where visits.feed = 'community_contacts'
),

contacts as (
    select
        person_key,
        contact_date as event_date,
        1 as numerator
    from {{ in_force('community_contacts', 'contact_date') }} as visits
    where attendance in ('5', '6')
    union all
    select
        person_key,
        arrival_date as event_date,
        0 as numerator
    from {{ in_force('emergency_care', 'arrival_date') }} as arrivals
    where department_type <> '05' and attendance_category <> '4' and discharge_status <> 'left_before_treatment'
),

counted as (
    select contacts.*
    from contacts
    inner join told
        on contacts.event_date = told.day
)

select
    'community_share_of_contacts' as indicator_id,
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
from {{ as_at('counted', 'event_date', keep_unknown=true) }} as contacts
