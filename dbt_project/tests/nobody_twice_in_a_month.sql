{{ config(meta={'dagster': {'ref': {'name': 'int_person_months'}}}) }}
-- Nobody stands twice in a month of the spine, and everybody there is somebody.
select
    person_key,
    count(*) as months,
    {{ distinct_months('month_start') }} as different_months
from {{ ref('int_person_months') }}
{{ where_month_is_changed('month_start') }}
group by person_key
having person_key is null or count(*) <> {{ distinct_months('month_start') }}
