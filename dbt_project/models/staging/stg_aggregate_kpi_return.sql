-- Rows of aggregate KPI returns that belong to the data cut.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.kpi,
    lake.period_start,
    lake.period_end,
    lake.numerator,
    lake.denominator,
    cast(lake.value as decimal(20, 9)) as value,
    lake.unit
from {{ lake_source('aggregate_kpi_return') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
