-- Each crossing of a milestone by a KPI: one row a milestone, period and way. A milestone is a level the terms agreed
-- above failure; at its knot it is reached, as in the KPI return.
--
-- Read anew from the returns that stand now: a restated period has its crossing once, where it is now, or none. A
-- period without a figure that is fit to be scored says nothing; the crossing is then told for the next one that has,
-- with the period it is compared with. The first figure crosses nothing. A milestone whose value or definition was
-- agreed anew begins anew.
{% set milestones = ['poor', 'minimum', 'stretch', 'game_breaking'] %}
with fit as (
    select
        returned.figure_id,
        returned.agreement_id,
        returned.kpi_id,
        returned.period_kind,
        returned.period_id,
        returned.period_start,
        returned.period_end,
        returned.indicator_version,
        returned.value,
        terms.polarity,
        terms.poor,
        terms.minimum,
        terms.stretch,
        terms.game_breaking
    from {{ ref('kpi_return') }} as returned
    inner join {{ source('run', 'agreement_kpis') }} as terms
        on
            returned.agreement_id = terms.agreement_id
            and returned.kpi_id = terms.kpi_id
            and returned.period_end >= terms.effective_from
            and returned.period_start <= coalesce(terms.effective_to, returned.period_start)
    where returned.quality_status = 'fit'
),

points as (
    {% for milestone in milestones %}
        select
            figure_id,
            agreement_id,
            kpi_id,
            period_kind,
            period_id,
            period_start,
            indicator_version,
            value,
            polarity,
            '{{ milestone }}' as milestone,
            {{ milestone }} as milestone_value,
            case
                when polarity = 'high' then value >= {{ milestone }}
                when polarity = 'low' then value <= {{ milestone }}
            end as is_reached
        from fit
        where {{ milestone }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

moves as (
    {%- set series -%}
        partition by agreement_id, kpi_id, period_kind, indicator_version, polarity, milestone, milestone_value
        order by period_start
    {%- endset %}
    select
        points.*,
        lag(figure_id) over ({{ series }}) as earlier_figure_id,
        lag(period_id) over ({{ series }}) as earlier_period_id,
        lag(value) over ({{ series }}) as earlier_value,
        lag(is_reached) over ({{ series }}) as was_reached
    from points
)

select
    cast(agreement_id as {{ dbt.type_string() }}) as agreement_id,
    cast(kpi_id as {{ dbt.type_string() }}) as kpi_id,
    cast(period_kind as {{ dbt.type_string() }}) as period_kind,
    cast(period_id as {{ dbt.type_string() }}) as period_id,
    cast(milestone as {{ dbt.type_string() }}) as milestone,
    cast(figure_id as {{ dbt.type_string() }}) as figure_id,
    cast(milestone_value as decimal(20, 9)) as milestone_value,
    cast(case when is_reached then 'reached' else 'lost' end as {{ dbt.type_string() }}) as direction,
    value,
    cast(earlier_figure_id as {{ dbt.type_string() }}) as earlier_figure_id,
    cast(earlier_period_id as {{ dbt.type_string() }}) as earlier_period_id,
    earlier_value
from moves
where is_reached <> was_reached
