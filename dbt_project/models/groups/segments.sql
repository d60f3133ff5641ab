-- Segments and target groups of each quarter, for analysts: how many people each holds on its first day, what happened
-- to them in it, who cared for them, and whether that is enough to say anything. The people and the events of the primary
-- segments, with those of people who were in none because they came later, are those of the area. Before disclosure
-- control.
{% set indicators = [
    'care_home_admissions_65_over',
    'chronic_acsc_admissions',
    'emergency_admissions',
    'falls_admissions_65_over'
] %}
{# Which figures say that a feed of services covers a quarter. #}
{% set covering = ['community_wait', 'emergency_admissions', 'treatment_wait'] %}
with quarters as (
    select
        period_id,
        period_start,
        period_end
    from {{ ref('int_periods') }}
    where period_kind = 'quarter' and has_people
),

-- What the data of a quarter cover, without what comes after it.
covered as (
    select
        indicator_id,
        area_code,
        period_id,
        case
            when
                missing_days = 0
                and covered_days >= {{ dbt.datediff('period_start', 'period_end', 'day') }} + 1 then 1
            else 0
        end as is_whole
    from {{ ref('int_indicator_periods') }}
    where period_kind = 'quarter'
),

rules as (
    select
        quarters.*,
        rules.group_kind,
        rules.group_id,
        rules.name,
        rules.version,
        rules.fact,
        rules.value,
        rules.within_days,
        rules.least_people,
        rules.least_events
    from quarters
    inner join {{ source('run', 'group_rules') }} as rules
        on
            quarters.period_start >= rules.effective_from
            and coalesce(rules.effective_to, quarters.period_start) >= quarters.period_start
),

-- A rule that looks ahead says who belongs only when the days it looks at are over in the data. As long as one of the
-- segments of the quarter does, the primary ones may lose people to it.
ahead as (
    select
        period_id,
        group_kind,
        group_id,
        max(days_ahead) as days_ahead
    from (
        select
            period_id,
            group_kind,
            group_id,
            within_days as days_ahead
        from rules
        where fact = 'death'
        union all
        select
            targets.period_id,
            targets.group_kind,
            targets.group_id,
            segments.within_days as days_ahead
        from rules as targets
        inner join rules as segments
            on
                targets.period_id = segments.period_id
                and targets.fact = 'segment'
                and targets.value = segments.group_id
                and segments.group_kind = 'segment'
                and segments.fact = 'death'
    ) as looking
    group by period_id, group_kind, group_id
),

longest as (
    select
        period_id,
        max(days_ahead) as days_ahead
    from ahead
    where group_kind = 'segment'
    group by period_id
),

named as (
    select distinct
        rules.period_id,
        rules.period_start,
        rules.period_end,
        ahead.days_ahead,
        rules.group_kind,
        rules.group_id,
        rules.name,
        rules.version,
        rules.least_people,
        rules.least_events
    from rules
    left join ahead
        on
            rules.period_id = ahead.period_id
            and rules.group_kind = ahead.group_kind
            and rules.group_id = ahead.group_id
),

known as (
    select max(data_complete_as_at) as last_day
    from {{ ref('int_indicator_periods') }}
    where indicator_id = 'deaths_usual_place'
),

groups as (
    select
        period_id,
        period_start,
        period_end,
        case when group_kind = 'segment' then 'overlay' else 'target_group' end as group_kind,
        group_id,
        name,
        version,
        least_people,
        least_events,
        days_ahead
    from named
    union all
    select
        named.period_id,
        named.period_start,
        named.period_end,
        'primary' as group_kind,
        named.group_id,
        named.name,
        named.version,
        named.least_people,
        named.least_events,
        longest.days_ahead
    from named
    left join longest
        on named.period_id = longest.period_id
    where named.group_kind = 'segment'
    union all
    select
        quarters.period_id,
        quarters.period_start,
        quarters.period_end,
        'primary' as group_kind,
        others.group_id,
        others.name,
        cast(null as bigint) as version,
        cast(null as bigint) as least_people,
        cast(null as bigint) as least_events,
        case when others.group_id = 'everybody_else' then longest.days_ahead end as days_ahead
    from quarters
    cross join (
        select
            'everybody_else' as group_id,
            'In no segment' as name
        union all
        select
            'came_later' as group_id,
            'Not registered on the first day of the quarter' as name
    ) as others
    left join longest
        on quarters.period_id = longest.period_id
),

-- Days that a rule looks ahead at while somebody who had to tell of deaths did not.
untold as (
    select distinct
        groups.period_id,
        groups.days_ahead
    from groups
    inner join {{ ref('int_indicator_periods') }} as months
        on
            months.indicator_id = 'deaths_usual_place'
            and months.period_kind = 'month'
            and months.missing_days > 0
            and groups.period_start <= months.period_end
            and {{ dbt.dateadd('day', 'groups.days_ahead', 'groups.period_start') }} >= months.period_start
),

-- Whoever is in no segment is not among them: most people are not, and rows of theirs would only be counted.
members as (
    select
        month_start,
        person_key,
        'primary' as group_kind,
        group_id
    from {{ ref('int_group_members') }}
    where place = 1
    union all
    select
        month_start,
        person_key,
        case when group_kind = 'segment' then 'overlay' else 'target_group' end as group_kind,
        group_id
    from {{ ref('int_group_members') }}
),

everybody as (
    select
        month_start,
        sum(persons) as people
    from {{ ref('int_population') }}
    group by month_start
),

people as (
    select
        month_start,
        group_kind,
        group_id,
        count(*) as people
    from members
    group by month_start, group_kind, group_id
    union all
    select
        everybody.month_start,
        'primary' as group_kind,
        'everybody_else' as group_id,
        everybody.people - coalesce(in_segments.people, 0) as people
    from everybody
    left join (
        select
            month_start,
            count(*) as people
        from members
        where group_kind = 'primary'
        group by month_start
    ) as in_segments
        on everybody.month_start = in_segments.month_start
),

happened as (
    select
        events.indicator_id,
        events.person_key,
        quarters.period_id,
        quarters.period_start,
        count(*) as events
    from {{ ref('int_indicator_events') }} as events
    inner join quarters
        on events.event_date between quarters.period_start and quarters.period_end
    where events.indicator_id in ('{{ indicators | join("', '") }}')
    group by events.indicator_id, events.person_key, quarters.period_id, quarters.period_start
),

all_events as (
    select
        period_id,
        indicator_id,
        sum(events) as events
    from happened
    group by period_id, indicator_id
),

-- Who was seen by which organisation: discharged from it, in treatment with it, or in contact for the first time.
seen as (
    select distinct
        quarters.period_id,
        quarters.period_start,
        contacts.person_key,
        contacts.organisation
    from quarters
    inner join (
        select
            person_key,
            organisation,
            discharge_date as first_day,
            discharge_date as last_day
        from {{ ref('int_hospital_stays') }}
        union all
        select
            person_key,
            organisation,
            triage_date as first_day,
            coalesce(discharge_date, cast('9999-12-31' as date)) as last_day
        from {{ in_force('treatment_episodes') }} as episodes
        where person_key is not null and triage_date is not null
        union all
        select
            person_key,
            organisation,
            first_contact_on as first_day,
            first_contact_on as last_day
        from {{ in_force('community_referrals', 'referred_on') }} as referrals
        where person_key is not null and first_contact_on is not null
    ) as contacts
        on quarters.period_end >= contacts.first_day and quarters.period_start <= contacts.last_day
),

-- The groups of everybody something happened to or who was seen; of who is in no segment, whether they were registered.
placed as (
    select *
    from members
    union all
    select
        asked.month_start,
        asked.person_key,
        'primary' as group_kind,
        'everybody_else' as group_id
    from (
        select
            period_start as month_start,
            person_key
        from happened
        union
        select
            period_start as month_start,
            person_key
        from seen
    ) as asked
    inner join (
        select
            month_start,
            person_key
        from {{ ref('int_person_months') }}
        -- says nothing new, but spares the months between from being read
        where month_start in (select quarters.period_start from quarters)
    ) as spine
        on asked.month_start = spine.month_start and asked.person_key = spine.person_key
    left join members
        on
            asked.month_start = members.month_start
            and asked.person_key = members.person_key
            and members.group_kind = 'primary'
    where members.person_key is null
),

counted as (
    select
        happened.period_id,
        happened.indicator_id,
        coalesce(members.group_kind, 'primary') as group_kind,
        coalesce(members.group_id, 'came_later') as group_id,
        sum(happened.events) as events
    from happened
    left join placed as members
        on happened.person_key = members.person_key and happened.period_start = members.month_start
    group by
        happened.period_id, happened.indicator_id, coalesce(members.group_kind, 'primary'),
        coalesce(members.group_id, 'came_later')
),

whole_quarters as (
    select
        area_code,
        period_id
    from covered
    where indicator_id in ('{{ covering | join("', '") }}')
    group by area_code, period_id
    having sum(is_whole) = {{ covering | length }}
),

providers as (
    select
        seen.period_id,
        members.group_kind,
        members.group_id,
        seen.organisation,
        count(*) as people,
        count(*) over (
            partition by seen.period_id, members.group_kind, members.group_id
        ) as providers
    from seen
    inner join placed as members
        on seen.person_key = members.person_key and seen.period_start = members.month_start
    group by seen.period_id, members.group_kind, members.group_id, seen.organisation
),

items as (
    select
        alliance.area_code,
        groups.*,
        'people' as item_kind,
        'registered' as item_id,
        coalesce(people.people, 0) as number,
        everybody.people as whole,
        groups.least_people as least_number,
        cast(null as bigint) as providers
    from groups
    cross join {{ ref('int_alliance_area') }} as alliance
    inner join everybody
        on groups.period_start = everybody.month_start
    left join people
        on
            groups.period_start = people.month_start
            and groups.group_kind = people.group_kind
            and groups.group_id = people.group_id
    union all
    select
        covered.area_code,
        groups.*,
        'indicator' as item_kind,
        covered.indicator_id as item_id,
        case when covered.is_whole = 1 then coalesce(counted.events, 0) end as number,
        case when covered.is_whole = 1 then all_events.events end as whole,
        groups.least_events as least_number,
        cast(null as bigint) as providers
    from groups
    inner join everybody
        on groups.period_start = everybody.month_start
    inner join covered
        on groups.period_id = covered.period_id and covered.indicator_id in ('{{ indicators | join("', '") }}')
    left join counted
        on
            groups.period_id = counted.period_id
            and covered.indicator_id = counted.indicator_id
            and groups.group_kind = counted.group_kind
            and groups.group_id = counted.group_id
    left join all_events
        on covered.period_id = all_events.period_id and covered.indicator_id = all_events.indicator_id
    union all
    select
        whole_quarters.area_code,
        groups.*,
        'provider' as item_kind,
        providers.organisation as item_id,
        providers.people as number,
        people.people as whole,
        cast(null as bigint) as least_number,
        providers.providers
    from groups
    inner join whole_quarters
        on groups.period_id = whole_quarters.period_id
    inner join providers
        on
            groups.period_id = providers.period_id
            and groups.group_kind = providers.group_kind
            and groups.group_id = providers.group_id
    inner join people
        on
            groups.period_start = people.month_start
            and groups.group_kind = people.group_kind
            and groups.group_id = people.group_id
)

select
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    cast(items.period_id as {{ dbt.type_string() }}) as period_id,
    period_start,
    period_end,
    cast(group_kind as {{ dbt.type_string() }}) as group_kind,
    cast(group_id as {{ dbt.type_string() }}) as group_id,
    cast(name as {{ dbt.type_string() }}) as group_name,
    cast(version as bigint) as rule_version,
    cast(item_kind as {{ dbt.type_string() }}) as item_kind,
    cast(item_id as {{ dbt.type_string() }}) as item_id,
    cast(number as bigint) as number,
    {{ round_half_up('(cast(number as bigint) * 100)', 'cast(whole as bigint)', 1) }} as share_pct,
    cast(least_number as bigint) as least_number,
    case when item_kind = 'indicator' then {{ smallest_difference('number') }} end as smallest_difference_pct,
    cast(case
        when number is null then 'not covered'
        when least_number is null and item_kind <> 'provider' then 'not judged'
        when item_kind = 'provider' and providers = 1 then 'single provider'
        when item_kind = 'provider' then 'several providers'
        when number < least_number then 'too small'
        else 'enough'
    end as {{ dbt.type_string() }}) as adequacy,
    items.days_ahead is not null and (
        known.last_day is null
        or known.last_day < {{ dbt.dateadd('day', 'items.days_ahead', 'items.period_start') }}
        or untold.period_id is not null
    ) as is_open
from items
cross join known
left join untold
    on items.period_id = untold.period_id and items.days_ahead = untold.days_ahead
