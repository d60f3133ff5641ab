-- Adults recorded with hypertension in the snapshot of a period's last day, with their last blood pressure and how many
-- days old it was that day. Who stands in the snapshot twice counts once, by the most recent reading.
with recorded as (
    select
        person_key,
        snapshot_date,
        last_bp_on,
        systolic,
        diastolic,
        row_number() over (
            partition by person_key, snapshot_date
            order by last_bp_on desc nulls last, record_id desc, organisation desc
        ) as place
    from {{ in_force('pcn_long_term_conditions', 'snapshot_date') }} as conditions
    where condition = 'hypertension' and person_key is not null
),

people as (
    select *
    from recorded
    where place = 1
)

select
    periods.period_kind,
    periods.period_id,
    people.person_key,
    people.age_years,
    {{ dbt.datediff('people.last_bp_on', 'people.snapshot_date', 'day') }} as days_old,
    people.systolic,
    people.diastolic,
    people.pcn,
    people.deprivation,
    people.age_group,
    people.area_code
from {{ as_at('people', 'snapshot_date') }} as people
inner join {{ ref('int_periods') }} as periods
    on people.snapshot_date = periods.period_end
where
    people.age_years >= 18
    and periods.has_people
    and periods.period_kind in ('quarter', 'year', 'rolling_year')
