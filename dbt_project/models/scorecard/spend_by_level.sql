-- What each agreement's open book spent by level of the wedge, by financial year: a line belongs to the level its agreement
-- put it on in that month, the line itself before the member's others, the latest entry before an earlier one. What stands
-- on no level has a row of its own, so that the rows of a year are the ledger, to the penny.
--
-- Against the year before only where both years have every month of the same members: a month that is not there is no
-- saving.
with lines as (
    select
        ledger.agreement_id,
        ledger.member_id,
        ledger.month,
        ledger.line_id,
        ledger.amount_pence,
        calendar.year_id,
        calendar.year_start,
        calendar.day as month_start
    from {{ ref('ledger') }} as ledger
    inner join {{ ref('int_calendar') }} as calendar
        on ledger.month = calendar.month_id and calendar.day = calendar.month_start
),

placed as (
    select
        lines.*,
        levels.level,
        row_number() over (
            partition by lines.agreement_id, lines.member_id, lines.month, lines.line_id
            order by
                case when levels.line_id is null then 1 else 0 end,
                levels.effective_from desc nulls last,
                levels.level nulls last
        ) as place
    from lines
    left join {{ source('run', 'agreement_spend_levels') }} as levels
        on
            lines.agreement_id = levels.agreement_id
            and lines.member_id = levels.member_id
            and lines.line_id = coalesce(levels.line_id, lines.line_id)
            and lines.month_start >= levels.effective_from
            and lines.month_start <= coalesce(levels.effective_to, lines.month_start)
),

years as (
    select
        agreement_id,
        year_id,
        year_start,
        sum(amount_pence) as total_pence,
        count(distinct member_id) as members,
        count(distinct member_id || ' ' || month) as member_months
    from lines
    group by agreement_id, year_id, year_start
),

-- Members of both of two years that follow each other.
kept as (
    select
        now.agreement_id,
        now.year_id,
        count(*) as members
    from (select distinct agreement_id, year_id, year_start, member_id from lines) as now
    inner join (select distinct agreement_id, year_start, member_id from lines) as earlier
        on
            now.agreement_id = earlier.agreement_id
            and now.member_id = earlier.member_id
            and cast({{ dbt.dateadd('year', -1, 'now.year_start') }} as date) = earlier.year_start
    group by now.agreement_id, now.year_id
),

-- An agreement that puts its spend on levels has all five, also where one has nothing.
levels as (
    {% for level in range(1, 6) %}
        select distinct
            agreement_id,
            '{{ level }}' as level
        from {{ source('run', 'agreement_spend_levels') }}
        union all
    {% endfor %}
    select distinct
        agreement_id,
        'unmapped' as level
    from years
),

spent as (
    select
        agreement_id,
        year_id,
        coalesce(cast(level as {{ dbt.type_string() }}), 'unmapped') as level,
        sum(amount_pence) as pence
    from placed
    where place = 1
    group by agreement_id, year_id, coalesce(cast(level as {{ dbt.type_string() }}), 'unmapped')
),

figures as (
    select
        years.*,
        levels.level,
        coalesce(spent.pence, 0) as pence
    from years
    inner join levels
        on years.agreement_id = levels.agreement_id
    left join spent
        on years.agreement_id = spent.agreement_id and years.year_id = spent.year_id and levels.level = spent.level
),

compared as (
    select
        figures.*,
        earlier.pence as earlier_pence,
        earlier.total_pence as earlier_total,
        earlier.year_id is not null as has_earlier,
        coalesce(
            figures.member_months = 12 * figures.members
            and earlier.member_months = 12 * earlier.members
            and figures.members = earlier.members
            and figures.members = kept.members, false
        ) as is_alike
    from figures
    left join figures as earlier
        on
            figures.agreement_id = earlier.agreement_id
            and figures.level = earlier.level
            and cast({{ dbt.dateadd('year', -1, 'figures.year_start') }} as date) = earlier.year_start
    left join kept
        on figures.agreement_id = kept.agreement_id and figures.year_id = kept.year_id
)

select
    cast(agreement_id as {{ dbt.type_string() }}) as agreement_id,
    cast(year_id as {{ dbt.type_string() }}) as year_id,
    cast(level as {{ dbt.type_string() }}) as level,
    cast(pence as bigint) as spend_pence,
    cast(total_pence as bigint) as total_pence,
    {{ round_half_up('100 * pence', 'total_pence', 1) }} as share_pct,
    cast(member_months as integer) as member_months,
    cast(case when is_alike then pence - earlier_pence end as bigint) as change_pence,
    case when is_alike then {{ round_half_up('100 * (pence - earlier_pence)', 'earlier_pence', 1) }} end as change_pct,
    cast(case
        when is_alike
            then {{ round_half_up('100 * pence', 'total_pence', 1) }}
                - {{ round_half_up('100 * earlier_pence', 'earlier_total', 1) }}
    end as decimal(20, 9)) as share_change,
    cast(case
        when not has_earlier then 'There is no year before.'
        when not is_alike then 'The year or the one before lacks months of a member, or their members differ.'
    end as {{ dbt.type_string() }}) as why_no_change
from compared
