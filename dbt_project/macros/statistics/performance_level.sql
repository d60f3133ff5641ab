{#
    The best of the five performance levels a value reaches.

    Usage:  {{ performance_level('value', 'polarity') }} where the columns failure to game_breaking hold the knots
    A knot is reached when the value is at it or better; worse than every knot is still failure. Null without a value
    or without knots (a monitored KPI).
    Source: AGREEMENTS, five levels; the score between the knots is settlement's business.
#}
{% macro performance_level(value, polarity) -%}
    {%- set levels = ['game_breaking', 'stretch', 'minimum', 'poor'] -%}
    case
        when {{ value }} is null or failure is null or poor is null or minimum is null or stretch is null
            or game_breaking is null then null
        {%- for level in levels %}
        when ({{ polarity }} = 'low' and {{ value }} <= {{ level }})
            or ({{ polarity }} = 'high' and {{ value }} >= {{ level }}) then '{{ level }}'
        {%- endfor %}
        else 'failure'
    end
{%- endmacro %}
