-- Events and population of standardised rates by band of age, for the area and every group. Every band of the indicator
-- is here, also one without a person: the rate is then refused. One person's admissions are not independent of each
-- other: band_squares adds up, over people, the square of their events in the period, group and band.
{% set populations = rate_populations() %}
with rates as (
    select
        indicator_id,
        period_kinds,
        breakdowns
    from {{ source('run', 'indicator_catalogue') }}
    where statistic = 'dsr'
),

-- From the rates' own tables rather than from that of all events: an event of another indicator changes nothing here.
counted as (
    {% for indicator in populations %}
        select
            indicator_id,
            person_key,
            event_date,
            numerator,
            pcn,
            deprivation,
            age_group,
            age_band,
            area_code
        from {{ ref('ind_' ~ indicator ~ '__events') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- All that most people ever have in a band is one event: it is its own square, whatever the period.
repeaters as (
    select
        indicator_id,
        person_key,
        age_band
    from counted
    group by indicator_id, person_key, age_band
    having count(*) > 1
),

events as (
    select
        counted.indicator_id,
        counted.area_code,
        cast({{ dbt.date_trunc('month', 'counted.event_date') }} as date) as month_start,
        repeaters.person_key,
        counted.pcn,
        counted.deprivation,
        counted.age_group,
        counted.age_band,
        rates.breakdowns,
        sum(counted.numerator) as events
    from counted
    inner join rates
        on counted.indicator_id = rates.indicator_id
    left join repeaters
        on
            counted.indicator_id = repeaters.indicator_id
            and counted.person_key = repeaters.person_key
            and counted.age_band = repeaters.age_band
    group by
        counted.indicator_id, counted.area_code, cast({{ dbt.date_trunc('month', 'counted.event_date') }} as date),
        repeaters.person_key, counted.pcn, counted.deprivation, counted.age_group, counted.age_band, rates.breakdowns
),

single as (
    select *
    from events
    where person_key is null
),

repeated as (
    select *
    from events
    where person_key is not null
),

single_months as (
    {{ broken_down(
        'single', ['indicator_id', 'area_code', 'month_start', 'age_band'], {'events': 'sum(events)'}
    ) }}
),

repeated_months as (
    {{ broken_down(
        'repeated', ['indicator_id', 'area_code', 'month_start', 'age_band', 'person_key'], {'events': 'sum(events)'}
    ) }}
),

repeated_people as (
    select
        months.indicator_id,
        months.area_code,
        periods.period_id,
        months.breakdown_kind,
        months.breakdown_group,
        months.age_band,
        sum(months.events) as events
    from repeated_months as months
    inner join {{ ref('int_periods') }} as periods
        on periods.has_people and months.month_start between periods.period_start and periods.period_end
    group by
        months.indicator_id, months.area_code, periods.period_id, months.breakdown_kind, months.breakdown_group,
        months.age_band, months.person_key
),

parts as (
    select
        months.indicator_id,
        months.area_code,
        periods.period_id,
        months.breakdown_kind,
        months.breakdown_group,
        months.age_band,
        months.events as band_events,
        months.events as band_squares,
        0 as band_population
    from single_months as months
    inner join {{ ref('int_periods') }} as periods
        on periods.has_people and months.month_start between periods.period_start and periods.period_end
    union all
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_kind,
        breakdown_group,
        age_band,
        events as band_events,
        events * events as band_squares,
        0 as band_population
    from repeated_people
    union all
    select
        population.indicator_id,
        population.area_code,
        periods.period_id,
        population.breakdown_kind,
        population.breakdown_group,
        population.age_band,
        0 as band_events,
        0 as band_squares,
        population.persons as band_population
    from {{ ref('int_indicator_population') }} as population
    inner join {{ ref('int_periods') }} as periods
        on periods.has_people and population.month_start between periods.period_start and periods.period_end
),

bands as (
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_kind,
        breakdown_group,
        age_band,
        cast(sum(band_events) as bigint) as band_events,
        cast(sum(band_squares) as bigint) as band_squares,
        cast(sum(band_population) as bigint) as band_population
    from parts
    group by indicator_id, area_code, period_id, breakdown_kind, breakdown_group, age_band
),

groups_at_risk as (
    select distinct
        bands.indicator_id,
        bands.area_code,
        periods.period_kind,
        bands.period_id,
        bands.breakdown_kind,
        bands.breakdown_group
    from bands
    inner join rates
        on bands.indicator_id = rates.indicator_id
    inner join {{ ref('int_periods') }} as periods
        on bands.period_id = periods.period_id
    where {{ has_period_kind('rates', 'periods.period_kind') }}
),

-- The bands of an indicator are those of the ages its population is drawn from.
indicator_bands as (
    {% for indicator, condition in populations.items() %}
        select distinct
            '{{ indicator }}' as indicator_id,
            age_band
        from (
            select
                age_band,
                age_group,
                true as in_area,
                age_years between 15 and 44 as is_15_44,
                '2' as sex
            from {{ ref('age_bands') }}
        ) as ages
        where {{ condition }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    groups_at_risk.*,
    standard.age_band,
    standard.band_number,
    coalesce(bands.band_events, 0) as band_events,
    coalesce(bands.band_squares, 0) as band_squares,
    coalesce(bands.band_population, 0) as band_population,
    standard.standard_persons as band_weight
from groups_at_risk
inner join indicator_bands
    on groups_at_risk.indicator_id = indicator_bands.indicator_id
inner join {{ ref('european_standard_population') }} as standard
    on indicator_bands.age_band = standard.age_band
left join bands
    on
        groups_at_risk.indicator_id = bands.indicator_id
        and groups_at_risk.area_code = bands.area_code
        and groups_at_risk.period_id = bands.period_id
        and groups_at_risk.breakdown_kind = bands.breakdown_kind
        and groups_at_risk.breakdown_group = bands.breakdown_group
        and standard.age_band = bands.age_band
