-- Support given to known carers: services other than information and advice, and which of them are a budget of the
-- carer's own, paid to the carer or managed by the council. Read once for timeliness, budgets and their reviews.
select
    person_key,
    event_start_date,
    event_end_date,
    support in ('direct_payment', 'managed_budget') as is_budget
from {{ in_force('carers') }} as events
where
    event_type = 'Service'
    and person_key is not null
    and support in ('direct_payment', 'managed_budget', 'respite', 'other')
