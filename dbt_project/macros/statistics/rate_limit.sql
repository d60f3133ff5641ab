{#
    One limit of a crude rate: events over a population or a time at risk.

    Usage:  {{ rate_limit('lower', 'events', 'exact.lower_95', 'persons', 100000) }}
    exact: the exact Poisson limit of the count, from the seed poisson_limits joined on the events; taken below 10
    events, Byar's limit from 10 on. Returns DECIMAL(20,9) on the scale of the multiplier; null without a population.
    Source: Office for Health Improvement and Disparities, technical guide on confidence intervals.
#}
{% macro rate_limit(side, events, exact, population, multiplier=1, confidence=95) -%}
    cast({{ rate_bound(side, events, exact, population, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro rate_bound(side, events, exact, population, multiplier=1, confidence=95) -%}
    case
        when {{ population }} > 0 then
            case
                when {{ events }} < 10 then cast({{ exact }} as double)
                else {{ byar_limit(side, events, confidence) }}
            end / cast({{ population }} as double) * {{ multiplier }}
    end
{%- endmacro %}
