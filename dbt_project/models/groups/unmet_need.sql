-- Who is reached against who would be at the alliance's own rates by age and sex, for analysts: per service, period and
-- network, deprivation fifth or age group. A gap is ranked only where its limits exclude none. Before disclosure control.
-- Counted are people registered on the first of the period's last month, each once. Age groups are compared at the
-- alliance's rates by sex alone: at its rates by age every age group would reach what is expected of it.
{# Service: whom it is for, and the figure whose feeds say that a period is covered. #}
{% set services = {
    'drug_and_alcohol_treatment': {'ages': "age_group <> '0-17'", 'covered_by': 'treatment_wait'},
    'health_check': {
        'ages': "age_band in ('40-44', '45-49', '50-54', '55-59', '60-64', '65-69', '70-74')",
        'covered_by': 'health_check_received'
    },
    'reablement': {
        'ages': "age_group in ('65-74', '75-84', '85-over')", 'covered_by': 'care_home_admissions_65_over'
    },
} %}
{# The feeds of those figures: as long as nothing of theirs changes, this table does not. #}
{{ config(meta={'periods_of': [
    'council_client_level', 'deaths', 'nhs_health_checks', 'pcn_register', 'reference_areas', 'reference_practices',
    'treatment_episodes'
]}) }}
{% set kinds = {'pcn': 'pcn', 'deprivation': 'deprivation', 'age': 'age_group'} %}
with covered as (
    select
        area_code,
        indicator_id,
        period_kind,
        period_id,
        period_start,
        period_end,
        cast({{ dbt.date_trunc('month', 'period_end') }} as date) as month_start
    from {{ ref('int_indicator_periods') }}
    where
        period_kind in ('quarter', 'year')
        and missing_days = 0
        and covered_days >= {{ dbt.datediff('period_start', 'period_end', 'day') }} + 1
),

periods as (
    {% for service, given in services.items() %}
        select
            '{{ service }}' as service,
            covered.*
        from covered
        where indicator_id = '{{ given.covered_by }}'
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

reached as (
    select distinct
        periods.service,
        periods.period_id,
        periods.month_start,
        contacts.person_key
    from periods
    inner join (
        select
            'drug_and_alcohol_treatment' as service,
            person_key,
            journey_start as first_day,
            coalesce(journey_end, cast('9999-12-31' as date)) as last_day
        from {{ ref('int_treatment_journeys') }}
        union all
        select
            'health_check' as service,
            person_key,
            event_date as first_day,
            event_date as last_day
        from {{ ref('ind_health_check_received__events') }}
        where person_key is not null
        union all
        select
            'reablement' as service,
            person_key,
            event_start_date as first_day,
            event_start_date as last_day
        from {{ ref('int_care_services') }}
        where is_reablement
    ) as contacts
        on
            periods.service = contacts.service
            and periods.period_end >= contacts.first_day
            and periods.period_start <= contacts.last_day
),

people as (
    {% for service, given in services.items() %}
        select
            periods.*,
            people.pcn,
            people.deprivation,
            people.age_group,
            people.age_band,
            people.sex,
            people.persons,
            cast(0 as bigint) as reached
        from periods
        inner join {{ ref('int_population') }} as people
            on periods.month_start = people.month_start and periods.area_code = people.area_code
        where periods.service = '{{ service }}' and people.{{ given.ages }}
        union all
    {% endfor %}
    select
        periods.*,
        spine.pcn,
        spine.deprivation,
        spine.age_group,
        spine.age_band,
        spine.sex,
        cast(0 as bigint) as persons,
        cast(1 as bigint) as reached
    from periods
    inner join reached
        on periods.service = reached.service and periods.period_id = reached.period_id
    inner join {{ ref('int_person_months') }} as spine
        on reached.person_key = spine.person_key and reached.month_start = spine.month_start
    -- a case, so that people are joined before they are asked and not millions asked for nothing
    where
        case reached.service
            {% for service, given in services.items() %}
                when '{{ service }}' then spine.{{ given.ages }}
            {% endfor %}
        end
),

cells as (
    {% for kind, column in kinds.items() %}
        select
            service,
            area_code,
            period_kind,
            period_id,
            period_start,
            period_end,
            '{{ kind }}' as group_kind,
            {{ column }} as group_id,
            {{ 'sex' if kind == 'age' else "age_group || ' ' || age_band || ' ' || sex" }} as stratum,
            sum(persons) as persons,
            sum(reached) as reached
        from people
        group by
            service, area_code, period_kind, period_id, period_start, period_end, {{ column }},
            {{ 'sex' if kind == 'age' else "age_group || ' ' || age_band || ' ' || sex" }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

reference as (
    select
        service,
        area_code,
        period_id,
        group_kind,
        stratum,
        sum(persons) as persons,
        sum(reached) as reached,
        count(*) over (partition by service, area_code, period_id, group_kind) as band_count
    from cells
    group by service, area_code, period_id, group_kind, stratum
),

parts as (
    select
        service,
        area_code,
        period_kind,
        period_id,
        period_start,
        period_end,
        group_kind,
        group_id,
        cast(sum(persons) as bigint) as people
    from cells
    group by service, area_code, period_kind, period_id, period_start, period_end, group_kind, group_id
),

bands as (
    select
        parts.*,
        reference.stratum as age_band,
        reference.band_count,
        cast(coalesce(cells.reached, 0) as bigint) as band_events,
        cast(coalesce(cells.persons, 0) as bigint) as band_population,
        cast(reference.reached as bigint) as reference_events,
        cast(reference.persons as bigint) as reference_people
    from parts
    inner join reference
        on
            parts.service = reference.service
            and parts.area_code = reference.area_code
            and parts.period_id = reference.period_id
            and parts.group_kind = reference.group_kind
    left join cells
        on
            parts.service = cells.service
            and parts.area_code = cells.area_code
            and parts.period_id = cells.period_id
            and parts.group_kind = cells.group_kind
            and parts.group_id = cells.group_id
            and reference.stratum = cells.stratum
),

sums as (
    {{ isr_sums('bands', [
        'service', 'area_code', 'period_kind', 'period_id', 'period_start', 'period_end', 'group_kind', 'group_id',
        'people', 'band_count'
    ], 'band_count') }}
),

limited as (
    select
        sums.*,
        cast(sums.observed as bigint) as reached,
        cast(sums.expected as decimal(20, 9)) as expected_people,
        coalesce({{ rate_limit('lower', 'sums.observed', 'exact.lower_95', '1') }}, 0) as reached_lower,
        {{ rate_limit('upper', 'sums.observed', 'exact.upper_95', '1') }} as reached_upper
    from sums
    left join {{ ref('poisson_limits') }} as exact
        on sums.observed = exact.events
    -- where the alliance reached nobody there is no rate to expect anything at
    where sums.reference_events > 0
),

judged as (
    select
        limited.*,
        case when group_id <> 'unknown' and expected_people > reached_upper then 1 else 0 end as is_beyond_chance
    from limited
)

select
    cast(service as {{ dbt.type_string() }}) as service,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    period_start,
    period_end,
    cast(group_kind as {{ dbt.type_string() }}) as group_kind,
    cast(group_id as {{ dbt.type_string() }}) as group_id,
    people,
    reached,
    expected_people as expected,
    {{ round_half_up('(expected_people - reached)', '1', 1) }} as gap,
    {{ round_half_up('(expected_people - reached_upper)', '1', 1) }} as gap_lower,
    {{ round_half_up('(expected_people - reached_lower)', '1', 1) }} as gap_upper,
    cast(case when reached < 10 then 'exact Poisson' else 'Byar' end as {{ dbt.type_string() }}) as interval_method,
    case
        when is_beyond_chance = 1
            then cast(rank() over (
                partition by service, area_code, period_id, group_kind, is_beyond_chance
                order by expected_people - reached desc
            ) as integer)
    end as gap_rank
from judged
