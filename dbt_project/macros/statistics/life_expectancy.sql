{#
    Life expectancy at the start of every band of age: a query over deaths and populations by band.

    Usage:  select *, {{ life_expectancy_limit('lower', 'expectancy', 'standard_error', 95) }} as lower_95
            from ({{ life_expectancy('bands', ['area', 'period']) }}) as expectancy
    relation: one row per group and band with start_age (0, 1, 5, 10 ... 90), population (person-years, or time at risk
        in units of which `time_units` make a year) and deaths, whole numbers.
    Returns a row per group and start_age: expectancy, standard_error (years, DOUBLE), population and deaths from that age
        on; value, which is what may be published: the expectancy, blank where its interval at 95 % is wider than 20
        years (the limits are still shown).
    Chiang's abridged table of 20 bands, n = 1, 4, then 5 years, a = 0.1 of the first year, else 0.5 of the band lived by
    those who die in it: M = D / P, q = nM / (1 + n(1-a)M), the last q = 1; L = n(l' + a(l - l')), the last l / M;
    e = sum of L from there on / l. Silcocks' variance: var q = q^2 (1-q) / D (0 without deaths); of e: (sum over bands
    but the last of var q * l^2 ((1-a)n + e')^2, and l^2 / (D M^2) of the last) / l^2. Sums and products are written out
    band by band: a sum of DOUBLE depends on the order of rows.
    Refused, as null for every age: a band missing, doubled or blank, without population or with more deaths than
    people; a band before the last in which q would reach 1; no deaths in the last; fewer than `least_population`
    person-years in all, below which the estimate is not reliable (Toson and Baker 2003). The last two rules are the
    documented ones of the reference package; METHODS does not name them.
    Source: METHODS; Chiang 1984; Silcocks, Jenner and Reza 2001; Toson and Baker 2003 (Office for National Statistics).
#}
{% macro life_expectancy(relation, groups, least_population=5000, time_units=1) -%}
    {%- set ages = [0, 1] + range(5, 95, 5) | list -%}
    {%- set years = [1, 4] + [5] * 17 -%}
    {%- set keys = groups | join(', ') -%}
    {%- set last = 19 -%}
    with wide as (
        select
            {{ keys }}, count(*) as band_rows
            {%- for age in ages %},
            max(case when start_age = {{ age }} then population end) as p_{{ loop.index0 }},
            max(case when start_age = {{ age }} then deaths end) as d_{{ loop.index0 }}
            {%- endfor %}
        from {{ relation }}
        group by {{ keys }}
    ),
    checked as (
        select *,
            case
                when band_rows = 20
                    and {% for band in range(20) %}p_{{ band }}{{ ' + ' if not loop.last }}{% endfor %}
                        >= {{ least_population * time_units }}
                    and d_{{ last }} > 0
                    {%- for band in range(20) %}
                    and p_{{ band }} > 0 and d_{{ band }} >= 0 and d_{{ band }} * {{ time_units }} <= p_{{ band }}
                    {%- if band != last %}
                    {#- q below 1 is n * a * M below 1: in tenths, so that it stays whole #}
                    and {{ years[band] * (1 if band == 0 else 5) * time_units }} * d_{{ band }} < 10 * p_{{ band }}
                    {%- endif %}
                    {%- endfor %} then 1
                else 0
            end as is_good
        from wide
    ),
    rates as (
        select *
            {%- for band in range(20) %},
            case when is_good = 1 then
                cast(d_{{ band }} * {{ time_units }} as double) / cast(p_{{ band }} as double)
            end as m_{{ band }}
            {%- endfor %}
        from checked
    ),
    dying as (
        select *
            {%- for band in range(last) %},
            {{ years[band] }} * m_{{ band }}
            / (1 + {{ years[band] }} * cast({{ '0.9' if band == 0 else '0.5' }} as double) * m_{{ band }}) as q_{{ band }}
            {%- endfor %}
        from rates
    ),
    alive as (
        select *, cast(1 as double) as l_0
            {%- for band in range(1, 20) %},
            {% for before in range(band) %}(1 - q_{{ before }}){{ ' * ' if not loop.last }}{% endfor %} as l_{{ band }}
            {%- endfor %}
        from dying
    ),
    lived as (
        select *, l_{{ last }} / m_{{ last }} as years_{{ last }}
            {%- for band in range(last) %},
            {{ years[band] }} * (l_{{ band + 1 }} + cast({{ '0.1' if band == 0 else '0.5' }} as double)
                * (l_{{ band }} - l_{{ band + 1 }})) as years_{{ band }}
            {%- endfor %}
        from alive
    ),
    expected as (
        select *
            {%- for band in range(20) %},
            ({% for later in range(last, band - 1, -1) %}years_{{ later }}{{ ' + ' if not loop.last }}{% endfor %})
            / l_{{ band }} as e_{{ band }}
            {%- endfor %}
        from lived
    ),
    varied as (
        select *,
            l_{{ last }} * l_{{ last }}
            / (cast(d_{{ last }} as double) * m_{{ last }} * m_{{ last }}) as v_{{ last }}
            {%- for band in range(last) %},
            {%- set reach -%}
            (cast({{ '0.9' if band == 0 else '0.5' }} as double) * {{ years[band] }} + e_{{ band + 1 }})
            {%- endset %}
            case
                when d_{{ band }} = 0 then cast(0 as double)
                else q_{{ band }} * q_{{ band }} * (1 - q_{{ band }}) / cast(d_{{ band }} as double)
                    * l_{{ band }} * l_{{ band }} * {{ reach }} * {{ reach }}
            end as v_{{ band }}
            {%- endfor %}
        from expected
    )
    select
        {{ keys }}, start_age, expectancy, standard_error, population, deaths,
        case when 2 * {{ normal_quantile(95) }} * standard_error <= 20 then expectancy end as value
    from (
        select
            {{ keys }}, bands.start_age,
            case bands.start_age{% for age in ages %} when {{ age }} then e_{{ loop.index0 }}{% endfor %} end as expectancy,
            case when is_good = 1 then
                case bands.start_age
                    {%- for age in ages %}{% set band = loop.index0 %}
                    when {{ age }} then sqrt(
                        {% for later in range(last, band - 1, -1) %}v_{{ later }}{{ ' + ' if not loop.last }}{% endfor %}
                    ) / l_{{ band }}
                    {%- endfor %}
                end
            end as standard_error,
            {%- for name, column in {'p': 'population', 'd': 'deaths'}.items() %}
            case bands.start_age
                {%- for age in ages %}{% set band = loop.index0 %}
                when {{ age }} then
                    {% for later in range(band, 20) %}{{ name }}_{{ later }}{{ ' + ' if not loop.last }}{% endfor %}
                {%- endfor %}
            end as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from varied
        cross join (
            {% for age in ages %}select {{ age }} as start_age{{ ' union all ' if not loop.last }}{% endfor %}
        ) as bands
    ) as ages
{%- endmacro %}

{#- One limit of a life expectancy: the expectancy -/+ z * standard error, years. -#}
{% macro life_expectancy_limit(side, expectancy, standard_error, confidence=95) -%}
    {{ expectancy }} {{ '-' if side == 'lower' else '+' }} {{ normal_quantile(confidence) }} * {{ standard_error }}
{%- endmacro %}
