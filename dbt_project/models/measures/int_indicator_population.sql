-- Who is at risk in each rate, in person-months by month, group and band of age: the denominators of crude and
-- standardised rates.
{% set populations = rate_populations() %}
with at_risk as (
    {% for indicator, condition in populations.items() %}
        select
            '{{ indicator }}' as indicator_id,
            area_code,
            month_start,
            pcn,
            deprivation,
            age_group,
            age_band,
            persons
        from {{ ref('int_population') }}
        where {{ condition }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

catalogued as (
    select
        at_risk.*,
        catalogue.breakdowns
    from at_risk
    inner join {{ source('run', 'indicator_catalogue') }} as catalogue
        on at_risk.indicator_id = catalogue.indicator_id
)

{{ broken_down(
    'catalogued', ['indicator_id', 'area_code', 'month_start', 'age_band'], {'persons': 'cast(sum(persons) as bigint)'}
) }}
