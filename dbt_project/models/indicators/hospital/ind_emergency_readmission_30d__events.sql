-- Continuous spells that ended other than by death: whether another spell of the person began as an emergency 0 to 29
-- days after the discharge, in any trust. It is a later one in the person's own order of spells, so that of two spells
-- of one day the second is the return after the first and never the first one after the second.
with discharges as (
    select *
    from {{ ref('int_spell_ends') }}
    where discharge_destination is distinct from '79'
),

returns as (
    select distinct
        discharges.person_key,
        discharges.spell_number
    from discharges
    inner join {{ ref('int_continuous_spells') }} as later
        on
            discharges.person_key = later.person_key
            and discharges.spell_number < later.spell_number
            and later.is_emergency
            and {{ dbt.datediff('discharges.event_date', 'later.admission_date', 'day') }} between 0 and 29
)

select
    'emergency_readmission_30d' as indicator_id,
    discharges.person_key,
    discharges.event_date,
    cast(case when returns.person_key is null then 0 else 1 end as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    discharges.pcn,
    discharges.deprivation,
    discharges.age_group,
    discharges.age_band,
    discharges.area_code
from discharges
left join returns
    on discharges.person_key = returns.person_key and discharges.spell_number = returns.spell_number
