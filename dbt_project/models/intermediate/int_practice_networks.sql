-- Which primary care network a practice belongs to, from when to when, without overlaps: a later row ends an earlier
-- one.
with networks as (
    select distinct
        practice_code,
        pcn_code as pcn,
        valid_from,
        valid_to
    from {{ in_force('reference_practices') }} as practices
),

followed as (
    select
        networks.*,
        lead(valid_from) over (partition by practice_code order by valid_from) as next_from
    from networks
)

select
    practice_code,
    pcn,
    valid_from,
    cast(case
        when next_from is null then valid_to
        when valid_to is null or valid_to >= next_from then {{ dbt.dateadd('day', -1, 'next_from') }}
        else valid_to
    end as date) as valid_to
from followed
