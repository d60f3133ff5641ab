-- Social care services that count, of known people: which are long-term care homes and which are short-term services to
-- maximise independence (reablement). A row whose number the council withdrew is in neither.
--
-- A service is sent again only as long as the council's files reach back to its first day. A place in a care home that
-- was open in the last of them is still that person's: nobody comes home because files no longer tell of them. It ends
-- the day before another home, reablement or support at home of theirs begins that only a later file can tell of.
with services as (
    select
        person_key,
        event_reference,
        event_start_date,
        event_end_date,
        told_until,
        service_type in (
            'Long Term Support: Nursing Care', 'Long Term Support: Residential Care'
        ) as is_care_home,
        service_type = 'Short Term Support: ST-Max' as is_reablement
    from {{ in_force('council_client_level', 'event_start_date') }} as events
    where
        event_type = 'Service'
        and person_key is not null
        and not is_excluded
        and service_type in (
            'Long Term Support: Nursing Care', 'Long Term Support: Residential Care', 'Short Term Support: ST-Max',
            'Long Term Support: Community'
        )
),

left_homes as (
    select
        homes.person_key,
        homes.told_until,
        min(others.event_start_date) as next_start
    from (
        select distinct
            person_key,
            told_until
        from services
        where is_care_home and event_end_date is null
    ) as homes
    inner join services as others
        on homes.person_key = others.person_key and homes.told_until < others.event_start_date
    group by homes.person_key, homes.told_until
)

select
    services.person_key,
    services.event_reference,
    services.event_start_date,
    cast(case
        when services.is_care_home and services.event_end_date is null
            then {{ dbt.dateadd('day', -1, 'left_homes.next_start') }}
        else services.event_end_date
    end as date) as event_end_date,
    services.is_care_home,
    services.is_reablement
from services
left join left_homes
    on services.person_key = left_homes.person_key and services.told_until = left_homes.told_until
where services.is_care_home or services.is_reablement
