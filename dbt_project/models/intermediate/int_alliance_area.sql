-- The one area whose residents and patients the person-level figures are of. A warehouse holds one; a test says so.
select min(area_code) as area_code
from {{ ref('int_small_areas') }}
having count(*) > 0
