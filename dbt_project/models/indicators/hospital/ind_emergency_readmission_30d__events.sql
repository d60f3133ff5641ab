-- Continuous spells that ended other than by death: whether another spell of the person began as an emergency 0 to 29
-- days after the discharge, in any trust.
with returns as (
    select
        spells.person_key,
        spells.spell_number,
        max(case when later.spell_number is null then 0 else 1 end) as numerator
    from {{ ref('int_continuous_spells') }} as spells
    left join {{ ref('int_continuous_spells') }} as later
        on
            spells.person_key = later.person_key
            and spells.spell_number != later.spell_number
            and later.is_emergency
            and {{ dbt.datediff('spells.discharge_date', 'later.admission_date', 'day') }} between 0 and 29
    group by spells.person_key, spells.spell_number
),

discharges as (
    select
        spells.person_key,
        spells.discharge_date as event_date,
        returns.numerator
    from {{ ref('int_continuous_spells') }} as spells
    inner join returns
        on spells.person_key = returns.person_key and spells.spell_number = returns.spell_number
    where spells.discharge_destination is distinct from '79'
)

select
    'emergency_readmission_30d' as indicator_id,
    person_key,
    event_date,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('discharges', 'event_date') }} as discharges
