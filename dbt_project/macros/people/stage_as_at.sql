{#
    Where each person stands on a pathway on given days, from what had happened by then: a query.

    Usage:  select * from ({{ stage_as_at('days') }}) as stages
    days: a CTE or model with the column as_at; any day will do, e.g. (select cast('2024-02-05' as date) as as_at).
    changed_by: in a table that grows by person, the feed whose changed rows say of whom (`changed_people`).
    Returns as_at, pathway (drug_and_alcohol_treatment, community_services), person_key, stage, since (the day that put
    them there), journeys (begun by then), anomalies (rows whose days are out of order) and first_anomaly (one of them in
    words). Nobody without a known event by the day has a row.
    Stages: referred (for as long as the service has for a start: 21 days of treatment, 28 of community services),
    waiting (longer), in_treatment, re_entered (in treatment, not for the first time), completed, left (any other end,
    also of a referral that never led to a start, and death). A transfer is no end until 21 days have passed without a
    start elsewhere. A later day than the given one is read as if it were blank; which journey an episode belongs to does
    not depend on it (int_treatment_journeys: an end after the next start parts nothing).
    Community services send why a referral was closed and not when: it counts from the latest day in that file on.
    Source: PHOF C19 for journeys and their 21 days; the services' own waits as in the catalogue.
#}
{% macro stage_as_at(days, changed_by=none) -%}
    select
        judged.as_at,
        judged.pathway,
        judged.person_key,
        case
            when judged.date_of_death is not null then 'left'
            when judged.is_open = 1 and judged.journeys > 1 then 're_entered'
            when judged.is_open = 1 then 'in_treatment'
            when judged.waiting_since is not null and judged.days_waiting <= judged.days_to_start then 'referred'
            when judged.waiting_since is not null then 'waiting'
            when judged.outcome = 'completed' then 'completed'
            else 'left'
        end as stage,
        case
            when judged.date_of_death is not null then judged.date_of_death
            when judged.is_open = 1 then judged.journey_start
            when judged.waiting_since is not null then judged.waiting_since
            else coalesce(judged.journey_end, judged.closed_on)
        end as since,
        cast(judged.journeys as integer) as journeys,
        cast(judged.anomalies as integer) as anomalies,
        judged.first_anomaly
    from (
        select
            placed.as_at, placed.pathway, placed.person_key, placed.date_of_death, placed.days_to_start,
            placed.journeys,
            max(case when placed.journey_number = placed.journeys then placed.journey_start end) as journey_start,
            max(case when placed.journey_number = placed.journeys then placed.stop end) as journey_end,
            max(case when placed.journey_number = placed.journeys and placed.place = 1 then placed.reason end) as outcome,
            max(case
                when placed.journey_number = placed.journeys and placed.stop is null then 1
                when
                    placed.journey_number = placed.journeys and placed.place = 1 and placed.reason = 'transferred'
                    and {{ dbt.datediff('placed.stop', 'placed.as_at', 'day') }} <= 21 then 1
                else 0
            end) as is_open,
            min(case when placed.is_pending = 1 then placed.referral_date end) as waiting_since,
            max(case
                when placed.is_pending = 1 then {{ dbt.datediff('placed.referral_date', 'placed.as_at', 'day') }}
            end) as days_waiting,
            max(case when placed.journey_number is null then placed.stop end) as closed_on,
            count(placed.anomaly) as anomalies,
            min(placed.anomaly) as first_anomaly
        from (
            select
                numbered.*,
                row_number() over (
                    partition by numbered.as_at, numbered.pathway, numbered.person_key, numbered.journey_number
                    order by numbered.stop desc nulls last, numbered.organisation desc, numbered.episode_id desc
                ) as place,
                -- a referral from before the end of a later treatment is no longer waited on
                case
                    when
                        numbered.journey_number is null and numbered.stop is null
                        and numbered.referral_date
                        > coalesce(numbered.latest_stop, cast('1900-01-01' as date)) then 1
                    else 0
                end as is_pending
            from (
                select
                    known.*,
                    coalesce(max(known.journey_number) over (
                        partition by known.as_at, known.pathway, known.person_key
                    ), 0) as journeys,
                    max(case when known.journey_number is not null then known.stop end) over (
                        partition by known.as_at, known.pathway, known.person_key
                    ) as latest_stop
                from (
                    select
                        days.as_at, events.pathway, events.person_key, events.organisation, events.episode_id,
                        events.days_to_start, events.referral_date,
                        case when events.start_date <= days.as_at then events.journey_number end as journey_number,
                        case when events.start_date <= days.as_at then events.journey_start end as journey_start,
                        case when events.stop_date <= days.as_at then events.stop_date end as stop,
                        case when events.stop_date <= days.as_at then events.reason end as reason,
                        case when deaths.date_of_death <= days.as_at then deaths.date_of_death end as date_of_death,
                        case
                            when events.start_date > days.as_at then null
                            when events.start_date > deaths.date_of_death then 'start after death'
                            when events.start_date < events.referral_date then 'start before referral'
                            when events.stop_date > days.as_at then null
                            when events.stop_date < events.start_date then 'end before start'
                            when events.start_date is null and events.reason = 'completed'
                                then 'completed without a start'
                            when events.was_turned_away = 1 and events.start_date is not null
                                then 'turned away after a start'
                        end as anomaly
                    from {{ days }} as days
                    inner join ({{ pathway_events(changed_by) }}) as events
                        on coalesce(events.referral_date, events.start_date) <= days.as_at or events.start_date <= days.as_at
                    left join {{ ref('int_deaths') }} as deaths
                        on events.person_key = deaths.person_key
                ) as known
            ) as numbered
        ) as placed
        group by
            placed.as_at, placed.pathway, placed.person_key, placed.date_of_death, placed.days_to_start, placed.journeys
    ) as judged
{%- endmacro %}

{#- Episodes of treatment and referrals to community services in the same columns; days as sent. -#}
{% macro pathway_events(changed_by=none) -%}
    select
        'drug_and_alcohol_treatment' as pathway,
        episodes.person_key,
        episodes.organisation,
        episodes.episode_id,
        21 as days_to_start,
        episodes.referral_date,
        episodes.triage_date as start_date,
        episodes.discharge_date as stop_date,
        episodes.discharge_reason as reason,
        0 as was_turned_away,
        journeys.journey_number,
        journeys.journey_start
    from {{ in_force('treatment_episodes') }} as episodes
    left join {{ ref('int_treatment_journeys') }} as journeys
        on
            episodes.person_key = journeys.person_key
            and episodes.triage_date >= journeys.journey_start
            and (episodes.triage_date < journeys.next_journey_start or journeys.next_journey_start is null)
    where
        episodes.consent = 'Y'
        and episodes.person_key is not null
        {{ and_person_is_changed('episodes.person_key', changed_by) if changed_by }}
    union all
    select
        'community_services' as pathway,
        referrals.person_key,
        referrals.organisation,
        referrals.referral_id as episode_id,
        28 as days_to_start,
        referrals.referred_on as referral_date,
        referrals.first_contact_on as start_date,
        case when referrals.closed_reason is not null then referrals.file_end end as stop_date,
        case when referrals.closed_reason = 'seen' then 'completed' else referrals.closed_reason end as reason,
        case when referrals.closed_reason in ('refused', 'abandoned') then 1 else 0 end as was_turned_away,
        case
            when referrals.first_contact_on is not null
                then sum(case when referrals.first_contact_on is not null then 1 else 0 end) over (
                    partition by referrals.person_key
                    order by referrals.first_contact_on nulls last, referrals.organisation, referrals.referral_id
                    rows between unbounded preceding and current row
                )
        end as journey_number,
        referrals.first_contact_on as journey_start
    from (
        select
            sent.*,
            max(case
                when sent.first_contact_on > sent.referred_on then sent.first_contact_on else sent.referred_on
            end) over (partition by sent.submission_id) as file_end
        from {{ in_force('community_referrals', 'referred_on') }} as sent
    ) as referrals
    -- outside: the last day of a file is that of everybody's rows
    where
        referrals.person_key is not null
        {{ and_person_is_changed('referrals.person_key', changed_by) if changed_by }}
{%- endmacro %}
