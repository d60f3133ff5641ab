-- Inequality between the local fifths of deprivation of an area, before disclosure control. All four measures look from
-- the least deprived to the most deprived: above 0, or above 1, the most deprived have more. Gap and ratio compare the
-- two ends, the slope and the relative index all five fifths. The limits of the indices are simulated after the build
-- (dbt_project/inequality.py). Without all five fifths there is nothing: a gap between those that are left is another.
{% set keys = ['indicator_id', 'area_code', 'period_id'] %}
{% set transforms = {
    'logit': ['proportion', 'maintained_proportion'],
    'log': ['crude_rate', 'dsr'],
    'none': ['mean'],
} %}
{% set half = {
    'logit': 'none: a fifth in which nobody or everybody counts has no place on the line',
    'log': 'none: a fifth without events has no place on the line',
    'none': 'none: a fifth without a figure',
} %}
{% set method = {
    'logit': 'least squares on the logit scale, each fifth by its people; limits simulated',
    'log': 'least squares on the log scale, each fifth by its people; limits simulated',
    'none': 'least squares, each fifth by its people; limits simulated',
} %}
with fifths as (
    select
        *,
        case when statistic in ('proportion', 'maintained_proportion') then multiplier else 1 end as whole
    from {{ ref('int_deprivation_fifths') }}
),

on_the_natural_scale as (
    select
        {{ keys | join(', ') }},
        statistic,
        quantile,
        population,
        whole,
        {{ round_half_up('value', 'whole', 9) }} as value
    from fifths
),

ends as (
    select
        {{ keys | join(', ') }},
        period_kind,
        statistic,
        max(whole) as whole,
        count(value) as fifths_with_a_figure,
        max(case when quantile = 5 then value end) as most_deprived,
        max(case when quantile = 1 then value end) as least_deprived
    from fifths
    group by {{ keys | join(', ') }}, period_kind, statistic
),

{% for transform, statistics in transforms.items() %}
    {{ transform }}_fifths as (
        select *
        from on_the_natural_scale
        where statistic in ('{{ statistics | join("', '") }}')
    ),

    {{ transform }}_slopes as (
        {{ slope_index_of_inequality(transform ~ '_fifths', keys, 5, transform) }}
    ),

{% endfor %}
slopes as (
    {% for transform in transforms %}
        select
            {{ keys | join(', ') }},
            sii,
            rii,
            case when sii is null then '{{ half[transform] }}' else '{{ method[transform] }}' end as index_method
        from {{ transform }}_slopes
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        measures.figure_id,
        measures.indicator_id,
        measures.indicator_version,
        measures.area_code,
        measures.period_kind,
        measures.period_id,
        measures.period_start,
        measures.period_end,
        measures.unit,
        measures.data_cut_status,
        catalogue.value_decimals,
        ends.whole,
        coalesce(measures.marker, '') <> 'x' and ends.fifths_with_a_figure = 5 as is_whole,
        measures.marker,
        measures.reason,
        ends.fifths_with_a_figure,
        ends.most_deprived,
        ends.least_deprived,
        slopes.sii,
        slopes.rii,
        coalesce(
            slopes.index_method,
            case
                when ends.statistic = 'median' then 'none: a median has no interval to simulate from'
                else 'none: a share of events has no interval to simulate from'
            end
        ) as index_method
    from ends
    inner join {{ ref('measures') }} as measures
        on
            ends.indicator_id = measures.indicator_id
            and ends.area_code = measures.area_code
            and ends.period_id = measures.period_id
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on ends.indicator_id = catalogue.indicator_id
    left join slopes
        on
            ends.indicator_id = slopes.indicator_id
            and ends.area_code = slopes.area_code
            and ends.period_id = slopes.period_id
),

rounded as (
    select
        *,
        case when is_whole then {{ round_half_up('most_deprived', '1', 'value_decimals') }} end as most_deprived_value,
        case when is_whole then {{ round_half_up('least_deprived', '1', 'value_decimals') }} end
            as least_deprived_value,
        case when is_whole then {{ round_half_up('(most_deprived - least_deprived)', '1', 'value_decimals') }} end
            as absolute_gap,
        case when is_whole then {{ round_half_up('most_deprived', 'least_deprived', 2) }} end as relative_gap,
        case when is_whole then {{ round_half_up('cast(sii * whole as decimal(20, 9))', '1', 'value_decimals') }} end
            as slope_index,
        case when is_whole and rii > 0 then {{ round_half_up('cast(rii as decimal(20, 9))', '1', 2) }} end
            as relative_index
    from judged
)

select
    cast(figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(indicator_id as {{ dbt.type_string() }}) as indicator_id,
    indicator_version,
    cast(area_code as {{ dbt.type_string() }}) as area_code,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    period_start,
    period_end,
    cast(case when is_whole then marker else 'x' end as {{ dbt.type_string() }}) as marker,
    cast(
        case
            when is_whole or marker = 'x' then reason
            when fifths_with_a_figure = 4
                then 'One of the five fifths of deprivation has no figure, or none that is reliable.'
            else cast(5 - fifths_with_a_figure as {{ dbt.type_string() }})
                || ' of the five fifths of deprivation have no figure, or none that is reliable.'
        end as {{ dbt.type_string() }}
    ) as reason,
    cast(unit as {{ dbt.type_string() }}) as unit,
    most_deprived_value as most_deprived,
    least_deprived_value as least_deprived,
    absolute_gap,
    relative_gap,
    slope_index,
    relative_index,
    cast(case when is_whole then index_method else 'none: no value' end as {{ dbt.type_string() }}) as index_method,
    cast(data_cut_status as {{ dbt.type_string() }}) as data_cut_status
from rounded
