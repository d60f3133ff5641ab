{{ config(meta={'dagster': {'ref': {'name': 'ledger'}}}) }}
-- No penny is lost or doubled between the members' returns and the open book: per member, agreement and month, the
-- pounds that count are the pence of the ledger. A line of a month outside every settlement period fails here too.
with sent as (
    select
        agreement_id,
        member_id,
        month,
        sum(amount) as pounds
    from {{ ref('int_ledger_lines') }}
    group by agreement_id, member_id, month
),

booked as (
    select
        agreement_id,
        member_id,
        month,
        sum(amount_pence) as pence
    from {{ ref('ledger') }}
    group by agreement_id, member_id, month
)

select
    sent.agreement_id,
    sent.member_id,
    sent.month,
    sent.pounds,
    booked.pence
from sent
full outer join booked
    on
        sent.agreement_id = booked.agreement_id
        and sent.member_id = booked.member_id
        and sent.month = booked.month
where sent.pounds * 100 is distinct from booked.pence
