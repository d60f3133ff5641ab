-- Adults recorded with hypertension in the snapshot of the period's last day: whether their last blood pressure is at
-- most 365 days old and within the threshold for their age. Who stands in the snapshot twice counts once, by the most
-- recent reading.
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
    'hypertension_treated' as indicator_id,
    periods.period_kind,
    periods.period_id,
    people.person_key,
    cast(case
        when
            {{ dbt.datediff('people.last_bp_on', 'people.snapshot_date', 'day') }} between 0 and 365
            and people.systolic <= case when people.age_years < 80 then 140 else 150 end
            and people.diastolic <= 90
            then 1
        else 0
    end as bigint) as numerator,
    cast(1 as bigint) as denominator,
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
