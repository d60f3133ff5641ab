-- The primary segment and the overlays of everybody registered on the first day of each quarter: of the segments a
-- person belongs to, the first by precedence is primary, the others are overlays; whoever belongs to none is everybody
-- else. A segment is held from the first day of a quarter, so that what happens in it cannot change who is counted.
--
-- A view: most people are in no segment and add nothing to the groups' members but rows.
{{ config(materialized='view') }}
with days as (
    select period_start as month_start
    from {{ ref('int_periods') }}
    where period_kind = 'quarter' and has_people
),

in_segments as (
    select
        month_start,
        person_key,
        max(case when place = 1 then group_id end) as primary_segment,
        {{ dbt.listagg("case when place > 1 then group_id end", "' '", 'order by place') }} as overlays,
        cast(count(*) as integer) as segments
    from {{ ref('int_group_members') }}
    where group_kind = 'segment'
    group by month_start, person_key
)

select
    spine.month_start,
    spine.person_key,
    coalesce(in_segments.primary_segment, 'everybody_else') as primary_segment,
    in_segments.overlays,
    coalesce(in_segments.segments, 0) as segments
from {{ ref('int_person_months') }} as spine
inner join days
    on spine.month_start = days.month_start
left join in_segments
    on spine.month_start = in_segments.month_start and spine.person_key = in_segments.person_key
