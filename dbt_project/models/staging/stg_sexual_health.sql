-- Attendances at the sexual health clinic. They belong to no person: the clinic's pseudonym is not even carried on.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.record_id,
    lake.activity,
    lake.gender,
    lake.age,
    lake.lsoa_code,
    lake.attendance_date
from {{ lake_source('sexual_health') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
