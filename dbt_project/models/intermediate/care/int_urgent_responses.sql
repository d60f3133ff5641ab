-- Urgent referrals under the two-hour standard, one row each, but those whose every contact the patient cancelled:
-- whether the first attended contact came within 7,200 seconds of the clock's start, null where that cannot be told. A
-- time in the hour that comes twice is taken both ways, and what both agree on is told. Without an attended contact
-- nobody came within two hours.
with contacts as (
    select
        *,
        coalesce(attendance in ('5', '6'), false) as is_attended,
        {{ london_seconds('clock_start_date', 'clock_start_time', 'clock_start_offset', 'earliest') }} as start_earliest,
        {{ london_seconds('clock_start_date', 'clock_start_time', 'clock_start_offset', 'latest') }} as start_latest,
        {{ london_seconds('contact_date', 'contact_time', 'contact_offset', 'earliest') }} as contact_earliest,
        {{ london_seconds('contact_date', 'contact_time', 'contact_offset', 'latest') }} as contact_latest
    from {{ in_force('urgent_community_response', 'clock_start_date') }} as sent
),

placed as (
    select
        *,
        -- The days of contacts never lack, their times may: among those of the first day any could be the first.
        is_attended and contact_date = min(case when is_attended then contact_date end) over (
            partition by organisation, referral_id
        ) as is_of_first_day
    from contacts
),

referrals as (
    select
        organisation,
        referral_id,
        min(clock_start_date) as event_date,
        -- Rows of one referral that name two people name nobody.
        case when min(person_key) = max(person_key) then min(person_key) end as person_key,
        count(contact_date) as contacts,
        sum(case when attendance = '2' then 1 else 0 end) as cancelled_by_patient,
        sum(case when is_attended then 1 else 0 end) as attended,
        count(*) = count(start_earliest)
        and min(start_earliest) = max(start_earliest)
        and min(start_latest) = max(start_latest) as has_start,
        sum(case when is_of_first_day and contact_earliest is null then 1 else 0 end) as untimed,
        min(case when is_of_first_day then contact_latest end) - min(start_earliest) as longest_seconds,
        min(case when is_of_first_day then contact_earliest end) - min(start_latest) as shortest_seconds
    from placed
    group by organisation, referral_id
)

select
    organisation,
    referral_id,
    person_key,
    event_date,
    case
        when attended = 0 then 0
        when not has_start or untimed > 0 then null
        when longest_seconds between 0 and 7200 then 1
        when shortest_seconds > 7200 then 0
    end as is_within_two_hours
from referrals
where contacts = 0 or cancelled_by_patient < contacts
