{#
    Who is at risk in each rate: indicator -> condition on a row of int_population.

    Usage:  {% for indicator, condition in rate_populations().items() %} ... where {{ condition }}
    The restriction is the one the indicator's events are counted under (models/indicators); an indicator with the
    statistic dsr or crude_rate that is not here has no denominator, and a test says so.
#}
{% macro rate_populations() -%}
    {%- set older = "age_group in ('65-74', '75-84', '85-over')" -%}
    {%- set middle_aged = "age_band in ('40-44', '45-49', '50-54', '55-59', '60-64', '65-69', '70-74')" -%}
    {{ return({
        'emergency_admissions': '1 = 1',
        'emergency_admissions_65_over': older,
        'falls_admissions_65_over': older,
        'chronic_acsc_admissions': '1 = 1',
        'care_home_admissions_65_over': older,
        'larc_prescribed': "sex = '2' and is_15_44 and in_area",
        'chlamydia_detection_15_24': "sex = '2' and age_band in ('15-19', '20-24') and in_area",
        'health_check_offered': middle_aged,
        'health_check_received': middle_aged,
    }) }}
{%- endmacro %}
