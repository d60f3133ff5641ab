{#
    One funnel limit of an indirectly standardised ratio, at a count of observed events.

    Usage:  {{ funnel_ratio_limit('lower', 'observed', 'exact', 100, 95) }}, with the seed poisson_limits joined as
    `exact` on the observed events. confidence 95 is the inner funnel, 99.8 the outer. A ratio lies below the funnel
    when the events expected exceed the exact upper limit of those observed: the limit is observed / that, and likewise
    above. funnel_expected_events is where on the axis of expected events it stands.
    Returns DECIMAL(20,9) on the scale of the multiplier (100 for a ratio, 100 times the average rate for a rate).
    Refused, as null: a count beyond the table; the upper limit at 0 events, which would be 0 / 0.
    Source: METHODS, funnel limits; Spiegelhalter 2005; Garwood 1936 for the limits.
#}
{% macro funnel_ratio_limit(side, observed, exact, multiplier=1, confidence=95) -%}
    cast({{ funnel_ratio_bound(side, observed, exact, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro funnel_ratio_bound(side, observed, exact, multiplier=1, confidence=95) -%}
    {%- set expected = funnel_expected_events(side, exact, confidence) -%}
    case
        when {{ expected }} > 0 then cast({{ observed }} as double) / {{ expected }} * {{ multiplier }}
    end
{%- endmacro %}

{#- Expected events at which the observed ones stand on the funnel's side: the exact limit of the other side. -#}
{% macro funnel_expected_events(side, exact, confidence=95) -%}
    {%- if confidence | string not in ['95', '99.8'] -%}
        {{ exceptions.raise_compiler_error("a funnel has limits at 95 and 99.8 %, not " ~ confidence) }}
    {%- endif -%}
    cast({{ exact }}.{{ 'upper' if side == 'lower' else 'lower' }}_{{ confidence | string | replace('.', '_') }} as double)
{%- endmacro %}
