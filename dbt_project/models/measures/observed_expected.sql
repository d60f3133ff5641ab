-- Events of each network against those its people would have had at the area's own rates by age: indirect
-- standardisation, with the area as the reference. The events of all networks and of the people without one are those
-- expected of them together. One person's admissions are not independent of each other: the limits of the observed are
-- widened as those of the standardised rate are (dobson_limit), by the squares of each person's events over the events.
-- Before disclosure control.
{% set groups = ['indicator_id', 'area_code', 'period_kind', 'period_id', 'breakdown_group', 'band_count'] %}
with reference as (
    select
        *,
        count(*) over (partition by indicator_id, area_code, period_id) as band_count
    from {{ ref('int_dsr_bands') }}
    where breakdown_kind = 'all'
),

bands as (
    select
        networks.indicator_id,
        networks.area_code,
        networks.period_kind,
        networks.period_id,
        networks.breakdown_group,
        networks.age_band,
        reference.band_count,
        networks.band_events,
        networks.band_squares,
        networks.band_population,
        reference.band_events as reference_events,
        -- person-months, as those of the networks
        reference.band_population as reference_people
    from {{ ref('int_dsr_bands') }} as networks
    inner join reference
        on
            networks.indicator_id = reference.indicator_id
            and networks.area_code = reference.area_code
            and networks.period_id = reference.period_id
            and networks.age_band = reference.age_band
    where networks.breakdown_kind = 'pcn'
),

sums as (
    {{ isr_sums('bands', groups, 'band_count') }}
),

spread as (
    select
        indicator_id,
        area_code,
        period_id,
        breakdown_group,
        cast(sum(band_squares) as bigint) as squares
    from bands
    group by indicator_id, area_code, period_id, breakdown_group
),

judged as (
    select
        sums.indicator_id,
        sums.area_code,
        sums.period_id,
        sums.breakdown_group,
        cast(sums.observed as bigint) as observed,
        cast(sums.expected as decimal(20, 9)) as expected,
        spread.squares,
        coalesce(measures.marker, '') <> 'x' and coalesce(cast(sums.expected as decimal(20, 9)), 0) > 0 as has_ratio,
        case
            when measures.marker = 'x' then measures.reason
            when sums.expected is null
                then 'The area has nobody in ' || cast(sums.missing_bands as {{ dbt.type_string() }})
                    || ' of the age bands the ratio is standardised by.'
            when coalesce(cast(sums.expected as decimal(20, 9)), 0) <= 0
                then 'No event would be expected at the rates of the area.'
            else measures.reason
        end as reason,
        measures.indicator_version,
        measures.period_kind,
        measures.period_start,
        measures.period_end,
        measures.marker,
        measures.data_cut_status
    from sums
    inner join spread
        on
            sums.indicator_id = spread.indicator_id
            and sums.area_code = spread.area_code
            and sums.period_id = spread.period_id
            and sums.breakdown_group = spread.breakdown_group
    inner join {{ ref('measures') }} as measures
        on
            sums.indicator_id = measures.indicator_id
            and sums.area_code = measures.area_code
            and sums.period_id = measures.period_id
)

select
    cast({{ figure_id('breakdown', [
        'judged.indicator_id', 'judged.area_code', 'judged.period_id', "'pcn'", 'judged.breakdown_group'
    ], 'value') }} as {{ dbt.type_string() }}) as figure_id,
    cast(judged.indicator_id as {{ dbt.type_string() }}) as indicator_id,
    judged.indicator_version,
    cast(judged.area_code as {{ dbt.type_string() }}) as area_code,
    cast(judged.breakdown_group as {{ dbt.type_string() }}) as breakdown_group,
    cast(judged.period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(judged.period_id as {{ dbt.type_string() }}) as period_id,
    judged.period_start,
    judged.period_end,
    cast(judged.observed as bigint) as observed,
    judged.expected,
    case when judged.has_ratio then {{ round_half_up('(judged.observed * 100)', 'judged.expected', 1) }} end as ratio,
    {% for side in ['lower', 'upper'] %}
        case
            when judged.has_ratio
                then {{ round_half_up(
                    repeated_rate_limit(
                        side, 'judged.observed', 'judged.squares', 'exact.' ~ side ~ '_95', 'judged.expected', 100
                    ), '1', 1
                ) }}
        end as {{ side }},
    {% endfor %}
    cast(case
        when not judged.has_ratio then 'none: no value'
        when judged.observed < 10 then 'exact Poisson, for events that repeat in one person'
        else 'Byar, for events that repeat in one person'
    end as {{ dbt.type_string() }}) as interval_method,
    cast(case when judged.has_ratio then judged.marker else 'x' end as {{ dbt.type_string() }}) as marker,
    cast(judged.reason as {{ dbt.type_string() }}) as reason,
    cast(judged.data_cut_status as {{ dbt.type_string() }}) as data_cut_status
from judged
left join {{ ref('poisson_limits') }} as exact
    on judged.observed = exact.events
