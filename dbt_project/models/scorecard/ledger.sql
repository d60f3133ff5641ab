-- The open book: members' cost lines in whole pence, each in the settlement period its month belongs to.
select
    cast(lines.agreement_id as {{ dbt.type_string() }}) as agreement_id,
    cast(periods.period_id as {{ dbt.type_string() }}) as period_id,
    cast(lines.member_id as {{ dbt.type_string() }}) as member_id,
    cast(lines.month as {{ dbt.type_string() }}) as month,
    cast(lines.line_id as {{ dbt.type_string() }}) as line_id,
    cast(lines.category as {{ dbt.type_string() }}) as category,
    -- DECIMAL pounds with two decimals times 100 is a whole DECIMAL: the cast cuts nothing off.
    cast(lines.amount * 100 as bigint) as amount_pence,
    cast(lines.contract_reference as {{ dbt.type_string() }}) as contract_reference,
    cast(lines.funding_source as {{ dbt.type_string() }}) as funding_source,
    cast(lines.vat_treatment as {{ dbt.type_string() }}) as vat_treatment,
    cast(lines.submission_id as {{ dbt.type_string() }}) as submission_id
from {{ ref('int_ledger_lines') }} as lines
inner join {{ source('run', 'agreement_periods') }} as periods
    on
        lines.agreement_id = periods.agreement_id
        and lines.month_start between periods.period_start and periods.period_end
