{#
    Slope and relative index of inequality over quantiles of deprivation: a query.

    Usage:  select * from ({{ slope_index_of_inequality('fifths', ['area', 'period'], 5, 'log', 100000) }}) as slopes
    relation: one row per group and quantile with quantile (1 to `quantiles`, in order), population (persons, whole
        number) and value (on its natural scale, 0 to 1 for a proportion). transform: none, log (rates) or logit
        (proportions).
    Returns the groups, sii and intercept on the scale of the multiplier, rii; DOUBLE. With a the share of the
    population, b = cumulative share - a/2: least squares of Y sqrt(a) on sqrt(a) and b sqrt(a) without intercept, which
    is Y on b with weights a. The weighted mean of b is always a half, so slope = sum of a (b - 1/2) Y / sum of
    a (b - 1/2)^2 and Y0 = mean of Y - slope/2. SII = M (f^-1(Y0 + slope) - f^-1(Y0)), RII = f^-1(Y0 + slope) / f^-1(Y0),
    intercept = M f^-1(Y0). Its limits are simulated: dbt_project/inequality.py. Sums are written out quantile by
    quantile: a sum of DOUBLE depends on the order of rows.
    Refused, as null: a quantile missing, doubled or blank, a population that is not above 0, a value the transform does
    not take (log: above 0; logit: between 0 and 1); rii where the intercept is 0.
    Source: METHODS; Mackenbach and Kunst 1997; Office for Health Improvement and Disparities, technical guide.
#}
{% macro slope_index_of_inequality(relation, groups, quantiles, transform='none', multiplier=1) -%}
    {%- set keys = groups | join(', ') -%}
    {%- set all = range(1, quantiles + 1) | list -%}
    {%- set takes = {'none': 'is not null', 'log': '> 0', 'logit': '> 0'} -%}
    {%- if transform not in takes or quantiles < 2 -%}
        {{ exceptions.raise_compiler_error(
            "slope_index_of_inequality takes the transform none, log or logit and two quantiles or more, not "
            ~ transform ~ " and " ~ quantiles
        ) }}
    {%- endif -%}
    with usable as (
        select
            {{ keys }}, quantile, cast(population as bigint) as population,
            case
                when population > 0 and value {{ takes[transform] }}{{ ' and value < 1' if transform == 'logit' }} then
                    {{ {
                        'none': 'cast(value as double)',
                        'log': 'ln(cast(value as double))',
                        'logit': 'ln(cast(value as double) / (1 - cast(value as double)))'
                    }[transform] }}
            end as transformed
        from {{ relation }}
    ),
    wide as (
        select
            {{ keys }}, count(*) as quantile_rows
            {%- for number in all %},
            max(case when quantile = {{ number }} then population end) as p_{{ number }},
            max(case when quantile = {{ number }} then transformed end) as y_{{ number }}
            {%- endfor %}
        from usable
        group by {{ keys }}
    ),
    placed as (
        select *, cast({% for number in all %}p_{{ number }}{{ ' + ' if not loop.last }}{% endfor %} as double) as people
            {%- for number in all %},
            {#- 2 (b - 1/2) times the people: those before less those after, a whole number #}
            cast(0{% for other in all if other != number %}
                {{- ' + ' if other < number else ' - ' }}p_{{ other }}{% endfor %} as double) as b_{{ number }}
            {%- endfor %}
        from wide
    ),
    fitted as (
        select
            {{ keys }},
            case when quantile_rows = {{ quantiles }} then
                ({% for number in all %}p_{{ number }} * y_{{ number }}{{ ' + ' if not loop.last }}{% endfor %}) / people
            end as mean,
            case when quantile_rows = {{ quantiles }} then
                2 * people
                * ({% for number in all %}p_{{ number }} * b_{{ number }} * y_{{ number }}
                {{- ' + ' if not loop.last }}{% endfor %})
                / ({% for number in all %}p_{{ number }} * b_{{ number }} * b_{{ number }}
                {{- ' + ' if not loop.last }}{% endfor %})
            end as slope
        from placed
    ),
    ends as (
        select
            {{ keys }},
            {{ untransformed('(mean - slope / 2)', transform) }} as at_start,
            {{ untransformed('(mean + slope / 2)', transform) }} as at_end
        from fitted
    )
    select
        {{ keys }},
        (at_end - at_start) * {{ multiplier }} as sii,
        case when at_start <> 0 then at_end / at_start end as rii,
        at_start * {{ multiplier }} as intercept
    from ends
{%- endmacro %}

{#- Back from the transformed to the natural scale. -#}
{% macro untransformed(value, transform) -%}
    {{ {
        'none': value,
        'log': 'exp(' ~ value ~ ')',
        'logit': '1 / (1 + exp(-' ~ value ~ '))'
    }[transform] }}
{%- endmacro %}
