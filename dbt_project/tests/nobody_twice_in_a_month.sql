{{ config(meta={'dagster': {'ref': {'name': 'int_person_months'}}}) }}
-- Nobody stands twice in a month of the spine, and everybody there is somebody.
select
    month_start,
    count(*) as people,
    count(distinct person_key) as different_people
from {{ ref('int_person_months') }}
{{ where_month_is_changed('month_start') }}
group by month_start
having count(*) <> count(distinct person_key)
