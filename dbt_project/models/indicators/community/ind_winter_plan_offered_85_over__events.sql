-- People aged 85 and over who are registered and alive on a 1 November: whether a winter plan was offered to them from
-- 1 September, 61 days before, to 31 December, 60 days after. One row a person and winter, counted on 1 November.
with people as (
    select
        spine.person_key,
        spine.month_start as event_date,
        spine.pcn,
        spine.deprivation,
        spine.age_group,
        spine.age_band,
        alliance.area_code
    from {{ ref('int_person_months') }} as spine
    cross join {{ ref('int_alliance_area') }} as alliance
    where extract(month from spine.month_start) = 11 and spine.age_years >= 85
),

offered as (
    select distinct
        people.person_key,
        people.event_date
    from people
    inner join {{ in_force('winter_plans') }} as offers
        on
            people.person_key = offers.person_key
            and {{ dbt.datediff('offers.offered_on', 'people.event_date', 'day') }} between -60 and 61
)

select
    'winter_plan_offered_85_over' as indicator_id,
    people.person_key,
    people.event_date,
    cast(case when offered.person_key is null then 0 else 1 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    people.pcn,
    people.deprivation,
    people.age_group,
    people.age_band,
    people.area_code
from people
left join offered
    on people.person_key = offered.person_key and people.event_date = offered.event_date
