-- Achievement counts of practices, one row per practice, date, count and field.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.quality_service,
    lake.service_name,
    lake.practice_code,
    lake.ach_date,
    lake.ind_code,
    lake.field_name,
    lake.value
from {{ lake_source('pcn_achievement') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
