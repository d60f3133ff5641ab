-- Rows of daily discharge returns that belong to the data cut. Blank stays blank; 0 stays 0: what a zero means is
-- decided in int_discharge_days.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.date as day,
    lake.no_criteria_to_reside,
    lake.discharged_by_1700,
    lake.discharged_1700_to_2359,
    lake.discharged_total
from {{ lake_source('daily_discharge_return') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
