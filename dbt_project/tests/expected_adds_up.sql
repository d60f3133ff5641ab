-- What is expected of all networks, and of the people without one, is what was observed in their area.
select
    indicator_id,
    area_code,
    period_id,
    sum(observed) as observed,
    sum(expected) as expected
from {{ ref('observed_expected') }}
group by indicator_id, area_code, period_id
having count(expected) = count(*) and abs(sum(observed) - sum(expected)) > 0.000001
