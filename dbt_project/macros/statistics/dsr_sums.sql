{#
    What a directly standardised rate is made of, per group: a query over bands of age.

    Usage:  select * from ({{ dsr_sums('bands', ['area', 'period'], time_units=12) }}) as sums
    relation: one row per group and band with band_events, band_squares (sum over persons of the square of their
        events in the band; equal to band_events where events are independent), band_population (persons, or time at
        risk in units of which `time_units` make a year) and band_weight (standard persons), all whole numbers.
    Returns the groups and events, population, weights, empty_bands, rate_sum = sum of w x/n, variance_sum = sum of
    w^2 x2/n^2, the last two DECIMAL(38,18). A band without population counts in empty_bands and makes both sums null:
    the rate is refused, the band is never dropped from the weights.
    Why DECIMAL: a sum of floating-point quotients depends on the order of the bands.
    Source: METHODS; Dobson, Kuulasmaa, Eberle and Scherer 1991; for events that are not independent Office for Health
    Improvement and Disparities, technical guide (variance from persons with f events).
#}
{% macro dsr_sums(relation, groups, time_units=1) -%}
    select
        {{ groups | join(', ') }},
        sum(band_events) as events,
        sum(band_population) as population,
        sum(band_weight) as weights,
        sum(case when band_population > 0 then 0 else 1 end) as empty_bands,
        case when min(band_population) > 0 then sum(band_rate) end as rate_sum,
        case when min(band_population) > 0 then sum(band_variance) end as variance_sum
    from (
        select
            {{ groups | join(', ') }}, band_events, band_population, band_weight,
            {{ exact_quotient('rate_top', 'band_population', 18, 0, 0) }} as band_rate,
            {{ exact_quotient('variance_top', 'variance_bottom', 18, 0, 0) }} as band_variance
        from (
            select
                {{ groups | join(', ') }}, band_events, band_weight,
                coalesce(band_population, 0) as band_population,
                cast(band_weight as bigint) * band_events * {{ time_units }} as rate_top,
                cast(band_weight as bigint) * band_weight * band_squares * {{ time_units * time_units }} as variance_top,
                cast(band_population as bigint) * band_population as variance_bottom
            from {{ relation }}
        ) as products
    ) as quotients
    group by {{ groups | join(', ') }}
{%- endmacro %}
