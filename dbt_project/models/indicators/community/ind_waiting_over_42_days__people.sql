-- People who wait for their first contact on the last day of a quarter: whether the longest of their waits is over 42
-- days. Routine referrals of the 180 days before, which the file of that day still covers; neither refused nor abandoned,
-- of nobody known to have died. A referral of nobody known counts for itself.
{{ config(meta={'submissions_of': ['community_referrals']}) }}
with lists as (
    select
        periods.period_kind,
        periods.period_id,
        periods.period_end,
        cast({{ dbt.dateadd('day', -180, 'periods.period_end') }} as date) as earliest,
        coverage.organisation
    from {{ ref('int_periods') }} as periods
    -- The provider has told of that day: a quarter that is not over in the data has no list yet.
    inner join {{ ref('int_submission_coverage') }} as coverage
        on periods.period_end = coverage.day and coverage.feed = 'community_referrals'
    where periods.has_people and periods.period_kind in ('quarter', 'year')
),

unseen as (
    select
        referrals.organisation,
        referrals.referral_id,
        referrals.person_key,
        referrals.referred_on,
        referrals.first_contact_on,
        deaths.date_of_death
    from {{ in_force('community_referrals', 'referred_on') }} as referrals
    left join {{ ref('int_deaths') }} as deaths
        on referrals.person_key = deaths.person_key
    where referrals.urgent = 'N' and coalesce(referrals.closed_reason, '') not in ('refused', 'abandoned')
),

waiting as (
    select
        lists.period_kind,
        lists.period_id,
        lists.period_end,
        unseen.person_key,
        case when unseen.person_key is null then unseen.referral_id end as referral_of_nobody,
        min(unseen.referred_on) as waiting_since
    from lists
    inner join unseen
        on
            lists.organisation = unseen.organisation
            and unseen.referred_on between lists.earliest and lists.period_end
    where
        coalesce(unseen.first_contact_on > lists.period_end, true)
        and coalesce(unseen.date_of_death > lists.period_end, true)
    group by
        lists.period_kind, lists.period_id, lists.period_end, unseen.person_key,
        case when unseen.person_key is null then unseen.referral_id end
),

judged as (
    select
        waiting.*,
        case when {{ dbt.datediff('waiting_since', 'period_end', 'day') }} > 42 then 1 else 0 end as numerator
    from waiting
)

select
    'waiting_over_42_days' as indicator_id,
    period_kind,
    period_id,
    person_key,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    pcn,
    deprivation,
    age_group,
    area_code
from {{ as_at('judged', 'period_end', keep_unknown=true) }} as people
