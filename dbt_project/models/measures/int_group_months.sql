-- Events of every indicator by month, for the area and every group of its breakdowns. The denominator of a rate is its
-- population in person-months, not a count of events.
with cells as (
    select
        cells.*,
        catalogue.breakdowns
    from {{ ref('int_indicator_cells') }} as cells
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on cells.indicator_id = catalogue.indicator_id
    where cells.month_start is not null
),

parts as (
    {{ broken_down('cells', ['indicator_id', 'area_code', 'month_start'], {
        'numerator': 'sum(numerator)', 'denominator': 'sum(denominator)', 'amount': 'sum(amount)',
        'squares': 'sum(squares)'
    }) }}
    union all
    select
        indicator_id,
        area_code,
        month_start,
        breakdown_kind,
        breakdown_group,
        0 as numerator,
        persons as denominator,
        null as amount,
        null as squares
    from {{ ref('int_indicator_population') }}
)

select
    indicator_id,
    area_code,
    month_start,
    breakdown_kind,
    breakdown_group,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator,
    cast(sum(amount) as bigint) as amount,
    cast(sum(squares) as bigint) as squares
from parts
group by indicator_id, area_code, month_start, breakdown_kind, breakdown_group
