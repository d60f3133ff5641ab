-- Every day any accepted submission covers, with the month, quarter and financial year (1 April to 31 March) it lies
-- in. Labels are those of foundation/period.py.
with bounds as (
    select
        min(covers_from) as first_day,
        max(covers_to) as last_day
    from {{ ref('stg_submissions') }}
),

days as (
    select spine.day
    from ({{ day_spine('bounds', 'first_day', 'last_day') }}) as spine
),

dated as (
    select
        day,
        cast({{ dbt.date_trunc('month', 'day') }} as date) as month_start,
        cast({{ dbt.date_trunc('quarter', 'day') }} as date) as quarter_start,
        cast(extract(month from day) as integer) as month_number,
        cast(extract(year from day) as integer)
        - case when extract(month from day) < 4 then 1 else 0 end as year_number
    from days
),

labelled as (
    select
        dated.*,
        cast(year_number as {{ dbt.type_string() }}) || '-'
        || lpad(cast(mod(year_number + 1, 100) as {{ dbt.type_string() }}), 2, '0') as year_id,
        case
            when month_number between 4 and 6 then '1'
            when month_number between 7 and 9 then '2'
            when month_number between 10 and 12 then '3'
            else '4'
        end as quarter_number
    from dated
)

select
    day,
    substr(cast(day as {{ dbt.type_string() }}), 1, 7) as month_id,
    month_start,
    cast({{ dbt.last_day('day', 'month') }} as date) as month_end,
    year_id || '-q' || quarter_number as quarter_id,
    quarter_start,
    cast({{ dbt.last_day('day', 'quarter') }} as date) as quarter_end,
    year_id,
    make_date(year_number, 4, 1) as year_start,
    make_date(year_number + 1, 3, 31) as year_end
from labelled
