-- Who must report what for which area, as sent; the version in force on a day is chosen in int_required_reports.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.member_organisation,
    lake.area as area_code,
    lake.required_feed,
    lake.measure,
    lake.valid_from,
    lake.valid_to
from {{ lake_source('reference_organisations') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
