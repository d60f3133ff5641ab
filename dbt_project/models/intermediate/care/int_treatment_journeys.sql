-- Drug and alcohol treatment journeys: a person's episodes, of any substance and any provider, in the order of triage.
-- A new journey begins when triage is more than 21 days after the latest end so far; an open episode has no end, so
-- nothing after it is a new journey. Moving to another provider within three weeks is not the end of treatment.
-- Source: PHOF C19, the method of the national drug treatment monitoring system.
with episodes as (
    select
        person_key,
        organisation,
        episode_id,
        substance,
        triage_date,
        discharge_date,
        discharge_reason,
        max(coalesce(discharge_date, cast('9999-12-31' as date))) over (
            partition by person_key
            order by triage_date, organisation, episode_id
            rows between unbounded preceding and 1 preceding
        ) as latest_end_so_far
    from {{ in_force('treatment_episodes') }} as episodes
    where consent = 'Y' and person_key is not null and triage_date is not null
),

numbered as (
    select
        episodes.*,
        sum(case
            when latest_end_so_far is null then 1
            when {{ dbt.datediff('latest_end_so_far', 'triage_date', 'day') }} > 21 then 1
            else 0
        end) over (
            partition by person_key
            order by triage_date, organisation, episode_id
            rows between unbounded preceding and current row
        ) as journey_number
    from episodes
),

placed as (
    select
        numbered.*,
        row_number() over (
            partition by person_key, journey_number
            order by discharge_date desc nulls last, organisation desc, episode_id desc
        ) as place
    from numbered
),

journeys as (
    select
        person_key,
        journey_number,
        min(triage_date) as journey_start,
        case when count(discharge_date) = count(*) then max(discharge_date) end as journey_end,
        case
            when count(discharge_date) = count(*) then max(case when place = 1 then discharge_reason end)
        end as outcome,
        max(case when substance = 'opiate' then 1 else 0 end) = 1 as is_opiate,
        -- What the journey is for, as the national system groups people: opiates come before other drugs, those before
        -- alcohol.
        case
            when max(case when substance = 'opiate' then 1 else 0 end) = 1 then 'opiate'
            when max(case when substance = 'non_opiate' then 1 else 0 end) = 1 then 'non_opiate'
            when max(case when substance = 'alcohol' then 1 else 0 end) = 1 then 'alcohol'
        end as substance_group
    from placed
    group by person_key, journey_number
)

select
    person_key,
    cast(journey_number as bigint) as journey_number,
    journey_start,
    journey_end,
    outcome,
    is_opiate,
    substance_group,
    lead(journey_start) over (partition by person_key order by journey_number) as next_journey_start
from journeys
