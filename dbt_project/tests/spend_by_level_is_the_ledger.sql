-- Levels and what stands on none add up to the open book, to the penny: for every agreement and year.
with booked as (
    select
        ledger.agreement_id,
        calendar.year_id,
        sum(ledger.amount_pence) as pence
    from {{ ref('ledger') }} as ledger
    inner join {{ ref('int_calendar') }} as calendar
        on ledger.month = calendar.month_id and calendar.day = calendar.month_start
    group by ledger.agreement_id, calendar.year_id
),

spent as (
    select
        agreement_id,
        year_id,
        sum(spend_pence) as pence,
        max(total_pence) as total_pence
    from {{ ref('spend_by_level') }}
    group by agreement_id, year_id
)

select
    coalesce(booked.agreement_id, spent.agreement_id) as agreement_id,
    coalesce(booked.year_id, spent.year_id) as year_id,
    booked.pence as booked_pence,
    spent.pence as spent_pence
from booked
full outer join spent
    on booked.agreement_id = spent.agreement_id and booked.year_id = spent.year_id
where
    booked.pence is null
    or spent.pence is null
    or booked.pence <> spent.pence
    or booked.pence <> spent.total_pence
