-- Monthly parts of what is forecast to the end of the year, over the latest unbroken run of complete months under one
-- definition: a month in which it changed is under neither.
--
-- value: an indicator's own numerator and denominator. activity: how many events or cases, a count without a whole.
-- cost: an agreement's open book in pence, months in which every member that ever reported has lines.
with covered_months as (
    select
        periods.indicator_id,
        periods.area_code,
        periods.period_start as month_start,
        {{ series_part('catalogue.breaks', 'periods.period_start') }} as first_part,
        {{ series_part('catalogue.breaks', dbt.last_day('periods.period_start', 'month')) }} as last_part
    from {{ ref('int_indicator_periods') }} as periods
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on periods.indicator_id = catalogue.indicator_id
    where periods.period_kind = 'month' and periods.covered_days = periods.window_days and periods.missing_days = 0
),

latest_parts as (
    select
        indicator_id,
        area_code,
        max(last_part) as part
    from covered_months
    group by indicator_id, area_code
),

complete_months as (
    select
        covered_months.indicator_id,
        covered_months.area_code,
        covered_months.month_start
    from covered_months
    inner join latest_parts
        on
            covered_months.indicator_id = latest_parts.indicator_id
            and covered_months.area_code = latest_parts.area_code
            and covered_months.first_part = latest_parts.part
),

sums as (
    select
        months.indicator_id,
        months.area_code,
        months.month_start,
        months.numerator,
        months.denominator,
        months.amount
    from {{ ref('int_group_months') }} as months
    where months.breakdown_kind = 'all'
),

indicators as (
    select
        catalogue.indicator_id,
        catalogue.statistic,
        complete_months.area_code,
        complete_months.month_start,
        -- A complete month without an event has no row: that is a true nought.
        coalesce(sums.numerator, 0) as numerator,
        coalesce(sums.denominator, 0) as denominator,
        coalesce(sums.amount, 0) as amount
    from {{ source('run', 'indicator_catalogue') }} as catalogue
    inner join complete_months
        on catalogue.indicator_id = complete_months.indicator_id
    left join sums
        on
            complete_months.indicator_id = sums.indicator_id
            and complete_months.area_code = sums.area_code
            and complete_months.month_start = sums.month_start
    where
        catalogue.person_level
        -- only what is counted by the month can be added up from months
        and catalogue.indicator_id in (select counted.indicator_id from sums as counted)
),

books as (
    select
        agreement_id,
        month_start,
        cast(sum(amount * 100) as bigint) as pence,
        count(distinct member_id) as members
    from {{ ref('int_ledger_lines') }}
    group by agreement_id, month_start
),

members as (
    select
        agreement_id,
        count(distinct member_id) as members
    from {{ ref('int_ledger_lines') }}
    group by agreement_id
),

series as (
    select
        'value' as measure,
        indicator_id as subject_id,
        area_code,
        month_start,
        case when statistic = 'mean' then amount else numerator end as part,
        denominator as whole
    from indicators
    where statistic in ('proportion', 'maintained_proportion', 'crude_rate', 'mean')
    union all
    select
        'activity' as measure,
        indicator_id as subject_id,
        area_code,
        month_start,
        case when statistic in ('crude_rate', 'dsr') then numerator else denominator end as part,
        cast(null as bigint) as whole
    from indicators
    union all
    select
        'cost' as measure,
        books.agreement_id as subject_id,
        alliance.area_code,
        books.month_start,
        books.pence as part,
        cast(null as bigint) as whole
    from books
    inner join members
        on books.agreement_id = members.agreement_id and books.members = members.members
    cross join {{ ref('int_alliance_area') }} as alliance
),

numbered as (
    select
        series.*,
        {{ dbt.datediff("cast('2000-01-01' as date)", 'month_start', 'month') }} as month_number,
        row_number() over (partition by measure, subject_id, area_code order by month_start) as place
    from series
),

runs as (
    select
        numbered.*,
        max(month_number - place) over (partition by measure, subject_id, area_code) as latest_run
    from numbered
)

select
    measure,
    subject_id,
    area_code,
    month_start,
    cast(month_number as integer) as month_number,
    cast(part as bigint) as part,
    cast(whole as bigint) as whole
from runs
where month_number - place = latest_run
