{#
    One limit of a directly standardised rate.

    Usage:  {{ dobson_limit('lower', 'events', 'rate_sum', 'variance_sum', 'weights', 100000) }}
    The other arguments are columns of dsr_sums. rate + sqrt(variance / X) * (Byar(X) - X), with X the total of events
    and rate and variance divided by the weights and their square. Returns DECIMAL(20,9) on the scale of the multiplier;
    null below 10 events, where neither value nor limits are reliable, and where a band has no population.
    Source: Dobson, Kuulasmaa, Eberle and Scherer 1991; Office for Health Improvement and Disparities, technical guide.
#}
{% macro dobson_limit(side, events, rate_sum, variance_sum, weights, multiplier=1, confidence=95) -%}
    cast({{ dobson_bound(side, events, rate_sum, variance_sum, weights, multiplier, confidence) }} as decimal(20, 9))
{%- endmacro %}

{#- The same before it is cast. -#}
{% macro dobson_bound(side, events, rate_sum, variance_sum, weights, multiplier=1, confidence=95) -%}
    case
        when {{ events }} >= 10 then
            (
                cast({{ rate_sum }} as double)
                + sqrt(cast({{ variance_sum }} as double) / cast({{ events }} as double))
                * ({{ byar_limit(side, events, confidence) }} - cast({{ events }} as double))
            ) / cast({{ weights }} as double) * {{ multiplier }}
    end
{%- endmacro %}
