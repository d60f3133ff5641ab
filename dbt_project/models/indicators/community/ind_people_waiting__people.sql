-- The waiting list on the last day of a period: how many people on the register wait for their first contact, and how
-- many are on the register, one row a group of them. Routine referrals of the 119 days before, which a quarterly file of
-- six months still tells of in the first month of a quarter; neither refused nor abandoned, of nobody known to have died.
{{ config(meta={'submissions_of': ['community_referrals']}) }}
with lists as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        cast({{ dbt.date_trunc('month', 'periods.period_end') }} as date) as month_start,
        cast({{ dbt.dateadd('day', -119, 'periods.period_end') }} as date) as earliest,
        coverage.organisation
    from {{ ref('int_periods') }} as periods
    -- The provider has told of that day: a period that is not over in the data has no list yet.
    inner join {{ ref('int_submission_coverage') }} as coverage
        on periods.period_end = coverage.day and coverage.feed = 'community_referrals'
    where periods.has_people and periods.period_kind in ('month', 'quarter', 'year')
),

waiting as (
    select distinct
        lists.period_kind,
        lists.period_id,
        lists.period_end,
        referrals.person_key
    from lists
    inner join {{ in_force('community_referrals', 'referred_on') }} as referrals
        on
            lists.organisation = referrals.organisation
            and referrals.referred_on between lists.earliest and lists.period_end
    left join {{ ref('int_deaths') }} as deaths
        on referrals.person_key = deaths.person_key
    where
        referrals.urgent = 'N'
        and coalesce(referrals.closed_reason, '') not in ('refused', 'abandoned')
        and coalesce(referrals.first_contact_on > lists.period_end, true)
        and coalesce(deaths.date_of_death > lists.period_end, true)
),

parts as (
    select
        period_kind,
        period_id,
        pcn,
        deprivation,
        age_group,
        area_code,
        1 as numerator,
        0 as denominator
    from {{ as_at('waiting', 'period_end') }} as people
    union all
    select
        days.period_kind,
        days.period_id,
        population.pcn,
        population.deprivation,
        population.age_group,
        population.area_code,
        0 as numerator,
        population.persons as denominator
    from (select distinct period_kind, period_id, month_start from lists) as days
    inner join {{ ref('int_population') }} as population
        on days.month_start = population.month_start
)

select
    'people_waiting' as indicator_id,
    period_kind,
    period_id,
    cast(null as bigint) as person_key,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from parts
group by period_kind, period_id, pcn, deprivation, age_group, area_code
