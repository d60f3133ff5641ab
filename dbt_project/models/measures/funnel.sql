-- The networks of an area in the funnel of chance around what they have together, before disclosure control: shares and
-- crude rates around their sum, standardised rates as observed against expected events around 100. A place in the
-- funnel is no level and no rank. Means and medians have no funnel: counts alone do not say how far chance moves them.
-- The limits of a rate or a ratio stand at the network's own events, those of a share at its own people. They take
-- events for independent: where one person has several, chance moves a network further than they say, so that there are
-- none and no verdict.
{% set keys = ['sums.indicator_id', 'sums.area_code', 'sums.period_id'] %}
{% set sides = ['lower', 'upper'] %}
{% set levels = {'95': '95', '99_8': '99.8'} %}
with counted as (
    select
        sums.indicator_id,
        sums.area_code,
        sums.period_id,
        sums.breakdown_group,
        sums.statistic,
        sums.multiplier,
        sums.numerator as events,
        cast(sums.denominator as decimal(20, 9)) as size,
        count(*) over (partition by {{ keys | join(', ') }}) as networks,
        sum(sums.numerator) over (partition by {{ keys | join(', ') }}) as all_events,
        sum(sums.denominator) over (partition by {{ keys | join(', ') }}) as all_people
    from {{ ref('int_group_sums') }} as sums
    where
        sums.breakdown_kind = 'pcn'
        and sums.breakdown_group <> 'unknown'
        and sums.statistic in ('proportion', 'maintained_proportion', 'crude_rate')
),

placed as (
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_group,
        case when statistic = 'crude_rate' then 'crude rate' else 'proportion' end as basis,
        case when statistic = 'crude_rate' then 12 * multiplier else multiplier end as multiplier,
        events,
        size,
        networks,
        {{ exact_quotient('all_events', 'all_people', 18, 0, 0) }} as average
    from counted
    union all
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_group,
        'standardised ratio' as basis,
        100 as multiplier,
        observed as events,
        expected as size,
        count(*) over (partition by indicator_id, area_code, period_id) as networks,
        cast(1 as decimal(38, 18)) as average
    from {{ ref('observed_expected') }}
    where breakdown_group <> 'unknown' and ratio is not null
),

limited as (
    select
        placed.*,
        {% for name, level in levels.items() %}
            {% for side in sides %}
                case
                    when placed.basis = 'proportion'
                        then {{ funnel_proportion_limit(side, 'placed.average', 'placed.size', 'placed.multiplier', level) }}
                    else {{ funnel_rate_limit(side, 'placed.events', 'exact', 'placed.average', 'placed.multiplier', level) }}
                end as {{ side }}_{{ name }},
                case
                    when placed.basis = 'proportion'
                        then {{ wilson_limit(side, 'placed.events', 'placed.size', 'placed.multiplier', level) }}
                    else {{ rate_limit(
                        side, 'placed.events', 'exact.' ~ side ~ '_' ~ name, 'placed.size', 'placed.multiplier', level
                    ) }}
                end as own_{{ side }}_{{ name }},
            {% endfor %}
        {% endfor %}
        placed.average * placed.multiplier as exact_centre
    from placed
    left join {{ ref('poisson_limits') }} as exact
        on placed.events = exact.events
    where placed.networks > 1
),

judged as (
    select
        limited.*,
        parts.figure_id,
        parts.indicator_version,
        parts.period_kind,
        parts.period_start,
        parts.period_end,
        parts.data_cut_status,
        -- a standardised rate that is not reliable is still observed against expected: its area's standing counts
        measures.marker,
        measures.reason,
        case when limited.basis = 'standardised ratio' then 1 else catalogue.value_decimals end as decimals,
        catalogue.events_repeat,
        case
            when catalogue.events_repeat then 'Not judged: events of one person are not independent'
            else {{ funnel_significance(
                'limited.exact_centre', 'limited.own_lower_95', 'limited.own_upper_95', 'limited.own_lower_99_8',
                'limited.own_upper_99_8'
            ) }}
        end as significance
    from limited
    inner join {{ ref('breakdowns') }} as parts
        on
            limited.indicator_id = parts.indicator_id
            and limited.area_code = parts.area_code
            and limited.period_id = parts.period_id
            and limited.breakdown_group = parts.breakdown_group
            and parts.breakdown_kind = 'pcn'
    inner join {{ ref('measures') }} as measures
        on
            limited.indicator_id = measures.indicator_id
            and limited.area_code = measures.area_code
            and limited.period_id = measures.period_id
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on limited.indicator_id = catalogue.indicator_id
    where coalesce(measures.marker, '') <> 'x'
)

select
    cast(figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(indicator_id as {{ dbt.type_string() }}) as indicator_id,
    indicator_version,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    cast(breakdown_group as {{ dbt.type_string() }}) as breakdown_group,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    period_start,
    period_end,
    cast(basis as {{ dbt.type_string() }}) as basis,
    cast(events as decimal(20, 9)) as events,
    size,
    {{ round_half_up('(events * multiplier)', 'size', 'decimals') }} as value,
    {{ round_half_up('cast(exact_centre as decimal(20, 9))', '1', 'decimals') }} as centre,
    {% for name in levels %}
        {% for side in sides %}
            case when not events_repeat then {{ round_half_up(side ~ '_' ~ name, '1', 'decimals') }} end
                as {{ side }}_{{ name }},
        {% endfor %}
    {% endfor %}
    cast(significance as {{ dbt.type_string() }}) as significance,
    cast(marker as {{ dbt.type_string() }}) as marker,
    cast(reason as {{ dbt.type_string() }}) as reason,
    cast(data_cut_status as {{ dbt.type_string() }}) as data_cut_status
from judged
