-- Day of death of everybody known to have died, from the rows that count.
select
    person_key,
    min(date_of_death) as date_of_death
from {{ in_force('deaths', 'date_of_death') }} as deaths
where person_key is not null
group by person_key
