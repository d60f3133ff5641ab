{#
    How many answers of a plain sample say as much as a survey's weighted ones: n of the Wilson limits of its share.

    Usage:  {{ weighted_limit('lower', 'yes_weight', 'weight', 'effective', 100) }}
            from (select {{ effective_sample('yes_weight', 'weight', 'yes_squares', 'squares') }} as effective ...)
    yes_weight, weight: sums of the weights of those who said yes, and of all valid answers. yes_squares, squares: the
    same sums of their squares. Exact sums, in any one unit of weight: the unit cancels out. Returns DOUBLE; floating
    point enters after the last sum.
    p(1 - p) / v with p = W1/W and v the linearised variance of the ratio, sum of w^2 (y - p)^2 / W^2; as sums
    W1 R W^2 / (Q1 R^2 + (Q - Q1) W1^2) with R = W - W1. Equal weights give the number of answers itself, and so the
    limits of a plain proportion. Where all or none said yes the linearised variance is nought and would make chance
    disappear: there it is Kish's W^2 / Q.
    Refused, as null: nobody answered, a weight of nought in all, more yes than there is.
    Source: Woodruff 1971 for the variance; Kish 1965; Wilson limits on the effective sample: Kott and Carr 1997, Dean and
    Pagano 2015.
#}
{% macro effective_sample(yes_weight, weight, yes_squares, squares) -%}
    {%- set one = 'cast(' ~ yes_weight ~ ' as double)' -%}
    {%- set all = 'cast(' ~ weight ~ ' as double)' -%}
    {%- set rest = 'cast(' ~ weight ~ ' - ' ~ yes_weight ~ ' as double)' -%}
    case
        when {{ weight }} > 0 and {{ squares }} > 0 and {{ yes_weight }} in (0, {{ weight }})
            then {{ all }} * {{ all }} / cast({{ squares }} as double)
        when {{ weight }} > 0 and {{ yes_weight }} between 0 and {{ weight }} then
            {{ one }} * {{ rest }} * {{ all }} * {{ all }} / (
                cast({{ yes_squares }} as double) * {{ rest }} * {{ rest }}
                + cast({{ squares }} - {{ yes_squares }} as double) * {{ one }} * {{ one }}
            )
    end
{%- endmacro %}

{#- One Wilson limit of the weighted share, on the scale of the multiplier, DECIMAL(20,9). -#}
{% macro weighted_limit(side, yes_weight, weight, effective, multiplier=1, confidence=95) -%}
    {#- The share before it is multiplied: a product divided again could come out above the effective number itself. -#}
    {%- set share = '(cast(' ~ yes_weight ~ ' as double) / nullif(cast(' ~ weight ~ ' as double), 0))' -%}
    {{ wilson_limit(side, effective ~ ' * ' ~ share, effective, multiplier, confidence) }}
{%- endmacro %}
