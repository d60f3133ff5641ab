-- Who belongs to which segment and target group on the first day of each quarter, by the rules in force that day: one
-- row a person, day and group, also where it is not the primary one. Only what had happened by the day counts, but for
-- deaths, which a rule may look ahead for. Nobody belongs who was not on the register that day. `place` is that of a
-- segment among the person's, by precedence: 1 is the primary one.
--
-- Only quarters that something can have changed are built again, and where that is hospitals' rows alone, only the people
-- they are about (README, "Only what changed").
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    meta={'people_of': ['admitted_care']},
    pre_hook="{{ delete_changed_quarters('admitted_care') }}"
) }}
{% set is_such_a_person %}
    spine.age_years between coalesce(alternatives.age_from, 0) and coalesce(alternatives.age_to, 120)
    and (alternatives.sexes is null or ' ' || alternatives.sexes || ' ' like '% ' || spine.sex || ' %')
    and (alternatives.networks is null or ' ' || alternatives.networks || ' ' like '% ' || spine.pcn || ' %')
    and (alternatives.fifths is null or ' ' || alternatives.fifths || ' ' like '% ' || spine.deprivation || ' %')
{% endset %}
with days as (
    select
        period_start as month_start,
        period_id
    from {{ ref('int_periods') }}
    where period_kind = 'quarter' and has_people {{ and_quarter_is_changed('period_start') }}
),

rules as (
    select
        days.month_start,
        rules.group_kind,
        rules.group_id,
        rules.version,
        rules.precedence,
        rules.alternative,
        rules.criteria,
        rules.criterion,
        rules.fact,
        rules.value,
        rules.within_days,
        rules.age_from,
        rules.age_to,
        rules.sexes,
        rules.networks,
        rules.fifths
    from {{ source('run', 'group_rules') }} as rules
    inner join days
        on
            rules.effective_from <= days.month_start
            and coalesce(rules.effective_to, days.month_start) >= days.month_start
),

spine as (
    select
        spine.month_start,
        spine.person_key,
        spine.pcn,
        spine.deprivation,
        spine.sex,
        spine.age_years
    from {{ ref('int_person_months') }} as spine
    inner join days
        on spine.month_start = days.month_start
    where 1 = 1 {{ and_person_is_changed('spine.person_key', 'admitted_care') }}
),

conditions as (
    select
        organisation,
        person_key,
        condition,
        snapshot_date
    from {{ in_force('pcn_long_term_conditions', 'snapshot_date') }} as conditions
),

snapshot_days as (
    select distinct
        organisation,
        snapshot_date
    from conditions
),

-- Each network's newest snapshot on the day. Whoever is no longer in it has left the register or the network.
snapshots as (
    select
        days.month_start,
        snapshot_days.organisation,
        max(snapshot_days.snapshot_date) as snapshot_date
    from days
    inner join snapshot_days
        on days.month_start >= snapshot_days.snapshot_date
    group by days.month_start, snapshot_days.organisation
),

diagnosis_codes as (
    select distinct value
    from {{ source('run', 'group_rules') }}
    where fact = 'diagnosis'
),

facts as (
    select
        snapshots.month_start,
        conditions.person_key,
        'condition' as fact,
        conditions.condition as value,
        {{ dbt.datediff('conditions.snapshot_date', 'snapshots.month_start', 'day') }} as days_off
    from conditions
    inner join snapshots
        on
            conditions.organisation = snapshots.organisation
            and conditions.snapshot_date = snapshots.snapshot_date
    where 1 = 1 {{ and_person_is_changed('conditions.person_key', 'admitted_care') }}
    union all
    select
        days.month_start,
        stays.person_key,
        'diagnosis' as fact,
        diagnosis_codes.value,
        {{ dbt.datediff('stays.discharge_date', 'days.month_start', 'day') }} as days_off
    from {{ ref('int_hospital_stays') }} as stays
    inner join diagnosis_codes
        on stays.primary_diagnosis like diagnosis_codes.value || '%'
    inner join days
        on stays.discharge_date <= days.month_start
    where 1 = 1 {{ and_person_is_changed('stays.person_key', 'admitted_care') }}
    union all
    select
        days.month_start,
        episodes.person_key,
        'service' as fact,
        'drug_and_alcohol_treatment' as value,
        0 as days_off
    from {{ in_force('treatment_episodes') }} as episodes
    inner join days
        on days.month_start between episodes.triage_date and coalesce(episodes.discharge_date, days.month_start)
    where episodes.consent = 'Y' {{ and_person_is_changed('episodes.person_key', 'admitted_care') }}
    union all
    select
        days.month_start,
        services.person_key,
        'service' as fact,
        case when services.is_care_home then 'care_home' else 'reablement' end as value,
        0 as days_off
    from {{ ref('int_care_services') }} as services
    inner join days
        on
            days.month_start
            between services.event_start_date and coalesce(services.event_end_date, days.month_start)
    where 1 = 1 {{ and_person_is_changed('services.person_key', 'admitted_care') }}
    union all
    select
        days.month_start,
        deaths.person_key,
        'death' as fact,
        'any' as value,
        {{ dbt.datediff('days.month_start', 'deaths.date_of_death', 'day') }} as days_off
    from {{ ref('int_deaths') }} as deaths
    inner join days
        on deaths.date_of_death >= days.month_start
    where 1 = 1 {{ and_person_is_changed('deaths.person_key', 'admitted_care') }}
),

-- Who a person must be, once an alternative.
alternatives as (
    select distinct
        month_start,
        group_kind,
        group_id,
        version,
        precedence,
        alternative,
        criteria,
        age_from,
        age_to,
        sexes,
        networks,
        fifths
    from rules
),

{# Target groups may be made of segments, which is why they come second. #}
{% for kind in ['segment', 'target_group'] %}
    {{ kind }}_facts as (
        select *
        from facts
        {% if kind == 'target_group' %}
            union all
            select
                month_start,
                person_key,
                'segment' as fact,
                group_id as value,
                0 as days_off
            from segment_members
        {% endif %}
    ),

    {{ kind }}_needs as (
        select
            rules.month_start,
            facts.person_key,
            rules.group_id,
            rules.version,
            rules.alternative
        from rules
        inner join {{ kind }}_facts as facts
            on
                rules.month_start = facts.month_start
                and rules.fact = facts.fact
                and rules.value = facts.value
                and rules.within_days >= facts.days_off
        where rules.group_kind = '{{ kind }}'
        group by
            rules.month_start, facts.person_key, rules.group_id, rules.version, rules.alternative, rules.criteria
        having count(distinct rules.criterion) = rules.criteria
    ),

    {{ kind }}_members as (
        select
            spine.month_start,
            spine.person_key,
            alternatives.group_id,
            alternatives.version,
            alternatives.precedence
        from {{ kind }}_needs as needs
        inner join alternatives
            on
                needs.month_start = alternatives.month_start
                and needs.group_id = alternatives.group_id
                and needs.alternative = alternatives.alternative
                and alternatives.group_kind = '{{ kind }}'
        inner join spine
            on needs.month_start = spine.month_start and needs.person_key = spine.person_key
        where {{ is_such_a_person }}
        union
        select
            spine.month_start,
            spine.person_key,
            alternatives.group_id,
            alternatives.version,
            alternatives.precedence
        from alternatives
        inner join spine
            on alternatives.month_start = spine.month_start
        where alternatives.group_kind = '{{ kind }}' and alternatives.criteria = 0 and {{ is_such_a_person }}
    ){{ ',' if not loop.last }}
{% endfor %}

select
    month_start,
    person_key,
    'segment' as group_kind,
    group_id,
    version,
    row_number() over (partition by month_start, person_key order by precedence) as place
from segment_members
union all
select
    month_start,
    person_key,
    'target_group' as group_kind,
    group_id,
    version,
    cast(null as bigint) as place
from target_group_members
