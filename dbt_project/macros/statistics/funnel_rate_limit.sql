{#
    One funnel limit of a rate, at a count of observed events.

    Usage:  {{ funnel_rate_limit('lower', 'events', 'exact', 'average', 100000, 95) }}, with the seed poisson_limits
    joined as `exact` on the events. average: events per person of the whole set (sum of x / sum of n).
    An area with these events stands on the funnel where its population is the exact limit of them / average
    (funnel_rate_population), and its rate there is events / population. Returns DECIMAL(20,9) on the scale of the
    multiplier.
    Refused, as null: a count beyond the table, the upper limit at 0 events, an average that is not above 0.
    Source: METHODS, funnel limits; Spiegelhalter 2005.
#}
{% macro funnel_rate_limit(side, events, exact, average, multiplier=1, confidence=95) -%}
    cast({{ funnel_rate_bound(side, events, exact, average, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro funnel_rate_bound(side, events, exact, average, multiplier=1, confidence=95) -%}
    case
        when {{ average }} > 0 then
            {{ funnel_ratio_bound(side, events, exact, 1, confidence) }} * cast({{ average }} as double) * {{ multiplier }}
    end
{%- endmacro %}

{#- Population at which these events stand on the funnel: where on the axis the limit is drawn. -#}
{% macro funnel_rate_population(side, exact, average, confidence=95) -%}
    case
        when {{ average }} > 0 then {{ funnel_expected_events(side, exact, confidence) }} / cast({{ average }} as double)
    end
{%- endmacro %}
