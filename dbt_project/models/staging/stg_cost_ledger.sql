-- Cost lines that belong to the data cut, in pounds as sent.
select
    submissions.submission_id,
    lake.organisation as member_id,
    lake.row_number,
    lake.agreement as agreement_id,
    lake.month,
    cast(lake.month || '-01' as date) as month_start,
    lake.line as line_id,
    lake.category,
    cast(lake.amount as decimal(18, 2)) as amount,
    lake.contract_reference,
    lake.funding_source,
    lake.vat_treatment
from {{ lake_source('cost_ledger') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
