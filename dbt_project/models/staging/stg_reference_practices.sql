-- Practices and their networks, as sent.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.practice_code,
    lake.pcn_code,
    lake.valid_from,
    lake.valid_to
from {{ lake_source('reference_practices') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
