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

{#-
    The same where events repeat in one person, who is not independent of themselves: the distance of the limit from the
    events is widened by sqrt(squares / events), with squares the sum over people of the square of their events, as
    dobson_limit does it. Never below 0. Source: METHODS, events not independent.
#}
{% macro repeated_rate_limit(side, events, squares, exact, population, multiplier=1, confidence=95) -%}
    {%- set x = 'cast(' ~ events ~ ' as double)' -%}
    {%- set widening -%}
        case when {{ events }} > 0 then sqrt(cast({{ squares }} as double) / {{ x }}) else 1 end
    {%- endset -%}
    {%- set count = x ~ ' + ' ~ widening ~ ' * (' ~ rate_bound(side, events, exact, 1, 1, confidence) ~ ' - ' ~ x ~ ')' -%}
    cast(
        case when {{ count }} < 0 then 0 else {{ count }} end / cast({{ population }} as double) * {{ multiplier }}
        as decimal(20, 9)
    )
{%- endmacro %}
