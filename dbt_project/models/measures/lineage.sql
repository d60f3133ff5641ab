-- Which submissions every indicator, KPI and ledger figure rests on: the first step of `outturn explain`. A part of an
-- area rests on what its area's figure rests on, and is not listed again.
select
    cast(measures.figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(submissions.submission_id as {{ dbt.type_string() }}) as submission_id
from {{ ref('measures') }} as measures
inner join {{ ref('int_figure_submissions') }} as submissions
    on
        measures.indicator_id = submissions.indicator_id
        and measures.area_code = submissions.area_code
        and measures.period_id = submissions.period_id
union
select
    cast(kpis.figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(submissions.submission_id as {{ dbt.type_string() }}) as submission_id
from {{ ref('kpi_return') }} as kpis
-- What a KPI measures may end before the period it is settled for: it rests on what the measured period rests on.
inner join {{ ref('int_periods') }} as measured
    on kpis.measurement_start = measured.period_start and kpis.measurement_end = measured.period_end
inner join {{ ref('int_figure_submissions') }} as submissions
    on
        kpis.indicator_id = submissions.indicator_id
        and kpis.area_code = submissions.area_code
        and measured.period_id = submissions.period_id
union
select
    cast({{ figure_id(
        'ledger', ['ledger.agreement_id', 'ledger.period_id', 'ledger.member_id']
    ) }} as {{ dbt.type_string() }}) as figure_id,
    cast(ledger.submission_id as {{ dbt.type_string() }}) as submission_id
from {{ ref('ledger') }} as ledger
