-- People treated for opiates, for other drugs or for alcohol alone in each period: whether their latest-starting journey
-- of that kind ended inside the period as completed, with no journey for any substance in the 182 days after. One row a
-- person, kind and period, with the attributes of the period's last month. Read once for every indicator of completion.
with overlapping as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        journeys.person_key,
        journeys.substance_group,
        journeys.journey_end,
        journeys.outcome,
        journeys.next_journey_start,
        row_number() over (
            partition by periods.period_kind, periods.period_id, journeys.person_key, journeys.substance_group
            order by journeys.journey_start desc
        ) as place
    from {{ ref('int_periods') }} as periods
    inner join {{ ref('int_treatment_journeys') }} as journeys
        on
            periods.period_end >= journeys.journey_start
            and periods.period_start <= coalesce(journeys.journey_end, periods.period_start)
    where
        periods.has_people
        and periods.period_kind in ('quarter', 'year', 'rolling_year')
        and journeys.substance_group is not null
),

judged as (
    select
        period_kind,
        period_id,
        period_end,
        person_key,
        substance_group,
        case
            when journey_end is null or outcome is distinct from 'completed' then 0
            when journey_end > period_end then 0
            when {{ dbt.datediff('journey_end', 'next_journey_start', 'day') }} <= 182 then 0
            else 1
        end as numerator
    from overlapping
    where place = 1
)

select
    period_kind,
    period_id,
    person_key,
    substance_group,
    cast(numerator as bigint) as numerator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('judged', 'period_end', keep_unknown=true) }} as people
