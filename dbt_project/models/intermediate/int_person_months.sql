-- The spine: one row per person and month for everybody registered and alive on its first day, with what was so that
-- day: practice, network, small area, deprivation, sex and age. Events take their attributes from here, by person and
-- month; nothing that happened later changes a month.
--
-- Whatever can be looked up once for a register row, a practice or a month of birth is looked up before rows become
-- months: the spine is some thirty times longer than a register.
{{ config(
    meta={'submissions_of': ['pcn_register']},
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_months() }}"
) }}
with months as (
    select day as month_start
    from {{ ref('int_calendar') }}
    where day = month_start {{ and_month_is_changed('month_start') }}
),

-- The register that counts for the first of the month, per network.
registers as (
    select
        months.month_start,
        coverage.submission_id
    from months
    inner join {{ ref('int_submission_coverage') }} as coverage
        on months.month_start = coverage.day and coverage.feed = 'pcn_register'
),

reaches as (
    select
        submission_id,
        min(month_start) as first_month,
        max(month_start) as last_month
    from registers
    group by submission_id
),

-- Register rows with the days between which they can be so on the first of a month.
states as (
    select
        register.submission_id,
        register.person_key,
        register.practice_code,
        register.lsoa_code,
        register.sex,
        register.birth_month,
        register.valid_from,
        register.record_id,
        greatest(register.valid_from, reaches.first_month) as first_day,
        least(
            coalesce(register.valid_to, reaches.last_month), coalesce(deaths.date_of_death, reaches.last_month),
            reaches.last_month
        ) as last_day,
        coalesce(areas.area_code = alliance.area_code, false) as in_area,
        coalesce(areas.deprivation, 'unknown') as deprivation
    from {{ ref('stg_pcn_register') }} as register
    inner join reaches
        on register.submission_id = reaches.submission_id
    cross join {{ ref('int_alliance_area') }} as alliance
    left join {{ ref('int_deaths') }} as deaths
        on register.person_key = deaths.person_key
    left join {{ ref('int_small_areas') }} as areas
        on register.lsoa_code = areas.lsoa_code
    where register.person_key is not null
),

-- Few people have two states at one time; only theirs are ranked, because ranking everybody is the dear part.
followed as (
    select
        states.*,
        max(last_day) over (
            partition by person_key order by first_day, last_day, submission_id, record_id
            rows between unbounded preceding and 1 preceding
        ) as last_day_before
    from states
    where first_day <= last_day
),

doubled as (
    select distinct person_key
    from followed
    where last_day_before >= first_day
),

people as (
    select
        registers.month_start,
        states.person_key,
        states.practice_code,
        states.lsoa_code,
        states.sex,
        states.birth_month,
        states.in_area,
        states.deprivation
    from registers
    inner join followed as states
        on
            registers.submission_id = states.submission_id
            and registers.month_start between states.first_day and states.last_day
    left join doubled
        on states.person_key = doubled.person_key
    where doubled.person_key is null
    union all
    select
        month_start,
        person_key,
        practice_code,
        lsoa_code,
        sex,
        birth_month,
        in_area,
        deprivation
    from (
        select
            registers.month_start,
            states.*,
            row_number() over (
                partition by registers.month_start, states.person_key
                order by states.valid_from desc, states.practice_code desc, states.record_id desc
            ) as place
        from registers
        inner join followed as states
            on
                registers.submission_id = states.submission_id
                and registers.month_start between states.first_day and states.last_day
        inner join doubled
            on states.person_key = doubled.person_key
    ) as ranked
    where place = 1
),

births as (
    select distinct birth_month
    from {{ ref('stg_pcn_register') }}
),

aged as (
    select
        births.birth_month,
        months.month_start,
        {{ whole_years('births.birth_month', 'months.month_start') }} as age_years
    from births
    cross join months
),

ages as (
    select
        aged.birth_month,
        aged.month_start,
        bands.age_years,
        bands.age_group,
        bands.age_band
    from aged
    inner join {{ ref('age_bands') }} as bands
        on aged.age_years = bands.age_years
),

networks as (
    select
        networks.practice_code,
        months.month_start,
        networks.pcn
    from {{ ref('int_practice_networks') }} as networks
    inner join months
        on
            networks.valid_from <= months.month_start
            and coalesce(networks.valid_to, months.month_start) >= months.month_start
)

select
    people.month_start,
    people.person_key,
    people.practice_code,
    coalesce(networks.pcn, 'unknown') as pcn,
    people.lsoa_code,
    people.in_area,
    people.deprivation,
    people.sex,
    ages.age_years,
    ages.age_group,
    ages.age_band
from people
inner join ages
    on people.birth_month = ages.birth_month and people.month_start = ages.month_start
left join networks
    on people.practice_code = networks.practice_code and people.month_start = networks.month_start
