{#
    What an indirectly standardised ratio or rate is made of, per group: a query over bands of age.

    Usage:  select * from ({{ isr_sums('bands', ['area', 'period'], bands=19, time_units=12) }}) as sums
    relation: one row per group and band with age_band, band_events, band_population (persons, or time at risk in units
        of which `time_units` make a year), reference_events and reference_people (the reference's events and
        person-years in the band), all whole numbers. bands: how many bands the reference has.
    Returns the groups and observed = sum of x; expected = sum of n * x_ref / n_ref, DECIMAL(38,18); reference_events,
    reference_people (their sums); missing_bands. isr_value makes the ratio, observed / expected * M; a rate is the ratio
    times reference_events / reference_people. Limits: rate_limit on observed with expected as the population, exact
    below 10 events and Byar's from 10 on.
    Refused, as null: observed and expected where a band is missing, doubled or blank (a missing count is not zero: a
    contract under which it is fills it in first), a count is negative, or the reference of a band has no people. A
    band of nobody is allowed: it expects 0. Where all of them are, expected is 0 and there is no ratio.
    Source: METHODS; Office for Health Improvement and Disparities, technical guide on standardisation.
#}
{% macro isr_sums(relation, groups, bands, time_units=1) -%}
    select
        {{ groups | join(', ') }},
        case when {{ isr_is_whole(bands) }} then sum(band_events) end as observed,
        case when {{ isr_is_whole(bands) }} then sum(band_expected) end as expected,
        case when {{ isr_is_whole(bands) }} then sum(reference_events) end as reference_events,
        case when {{ isr_is_whole(bands) }} then sum(reference_people) end as reference_people,
        {{ bands }} - count(distinct case when is_usable = 1 then age_band end) as missing_bands
    from (
        select
            {{ groups | join(', ') }}, age_band, band_events, reference_events, reference_people,
            {{ exact_quotient('expected_top', 'expected_bottom', 18, 0, 0) }} as band_expected,
            case
                when band_events >= 0 and expected_top >= 0 and reference_events >= 0 and reference_people > 0 then 1
                else 0
            end as is_usable
        from (
            select
                {{ groups | join(', ') }}, age_band, band_events, reference_events, reference_people,
                cast(band_population as bigint) * reference_events as expected_top,
                cast(reference_people as bigint) * {{ time_units }} as expected_bottom
            from {{ relation }}
        ) as products
    ) as quotients
    group by {{ groups | join(', ') }}
{%- endmacro %}

{#- Whether every band of the reference is there once and can be counted. -#}
{% macro isr_is_whole(bands) -%}
    count(*) = {{ bands }} and sum(is_usable) = {{ bands }} and count(distinct age_band) = {{ bands }}
{%- endmacro %}

{#- The ratio on the scale of the multiplier, DOUBLE: null where nothing is expected. -#}
{% macro isr_value(observed, expected, multiplier=100) -%}
    case when {{ expected }} > 0 then cast({{ observed }} as double) / cast({{ expected }} as double) * {{ multiplier }} end
{%- endmacro %}
