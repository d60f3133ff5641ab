-- Small areas with deprivation rank and population, as sent.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.lsoa_code,
    lake.area_code,
    lake.imd_rank,
    lake.population,
    lake.as_at
from {{ lake_source('reference_areas') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
