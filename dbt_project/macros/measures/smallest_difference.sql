{#
    The smallest rise of a count of events, in percent, that could be told from noise between two periods alike: the
    one that a two-sided test at 5 % finds in four of five cases.

    Usage:  {{ smallest_difference('events') }}   100 events -> 43.6
    events: those of the first period, a whole number. Returns DECIMAL(20,9) with one decimal; null at 0 events.
    The root of a Poisson count has a variance of about 1/4 whatever the count: with z the sum of the two quantiles,
    sqrt(x2) - sqrt(x1) has to reach z / sqrt(2), hence (1 + z / sqrt(2 x))^2 - 1.
    Source: Huffman 1984, an improved approximate two-sample Poisson test; quantiles 1.959963984540054 (97.5 %) and
    0.8416212335729143 (80 %).
#}
{% macro smallest_difference(events) -%}
    {%- set z = '(' ~ normal_quantile(95) ~ ' + cast(0.8416212335729143 as double))' -%}
    {%- set factor = '(1 + ' ~ z ~ ' / sqrt(2 * cast(' ~ events ~ ' as double)))' -%}
    case
        when {{ events }} > 0
            then {{ round_half_up('cast((' ~ factor ~ ' * ' ~ factor ~ ' - 1) * 100 as decimal(20, 9))', '1', 1) }}
    end
{%- endmacro %}
