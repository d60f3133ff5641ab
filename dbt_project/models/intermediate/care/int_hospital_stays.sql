-- Rows of admitted care that count, of known people: one per admission to one trust. Read once for every indicator
-- that looks into hospitals.
select
    person_key,
    organisation,
    spell_id,
    admission_date,
    admission_method,
    discharge_date,
    discharge_ready_date,
    discharge_destination,
    primary_diagnosis,
    external_cause,
    same_day_emergency_care
from {{ in_force('admitted_care', 'discharge_date') }} as stays
where person_key is not null
