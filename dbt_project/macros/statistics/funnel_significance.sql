{#
    Where an area's interval lies against the centre of its funnel, in the words the field prints.

    Usage:  {{ funnel_significance('average', 'lower_95', 'upper_95', 'lower_99_8', 'upper_99_8') }}
    centre: the average of the set (sum of x / sum of n), 1 for a ratio. The limits are the area's own at 95 and 99.8 %:
    wilson_bound for a proportion, rate_bound for a ratio or a rate (exact below 10 events). An interval that touches
    the centre is not significant. standardised_events: the events behind a directly standardised rate, which below 10
    is neither value nor verdict.
    Refused, as null: a blank centre or limit.
    Source: METHODS, funnel significance.
#}
{% macro funnel_significance(centre, lower_95, upper_95, lower_99_8, upper_99_8, standardised_events=none) -%}
    case
        {%- if standardised_events %}
        when {{ standardised_events }} < 10 then 'Not applicable for events less than 10 for dsrs'
        {%- endif %}
        when {{ centre }} is null or {{ lower_95 }} is null or {{ upper_95 }} is null or {{ lower_99_8 }} is null
            or {{ upper_99_8 }} is null then null
        when {{ upper_99_8 }} < {{ centre }} then 'Low (0.001)'
        when {{ lower_99_8 }} > {{ centre }} then 'High (0.001)'
        when {{ upper_95 }} < {{ centre }} then 'Low (0.025)'
        when {{ lower_95 }} > {{ centre }} then 'High (0.025)'
        else 'Not significant'
    end
{%- endmacro %}
