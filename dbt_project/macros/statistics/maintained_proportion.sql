{#
    The share who keep an outcome up to a horizon, when some are followed for less: a query over a survival_curve.

    Usage:  select *, {{ maintained_limit('lower', 'maintained', 'variance_sum', 100, 95) }} as lower_limit
            from ({{ maintained_proportion('curve', ['area', 'period'], 365) }}) as kept
    curve: survival_curve of the follow-up, where `ended` is the relapse or return. horizon: days; a relapse on that very
    day is one within it, and who is followed exactly that long has kept the outcome.
    Returns the groups, maintained (0 to 1, DECIMAL(20,12)), variance_sum (Greenwood's, for maintained_limit) and
    longest_days. Limits on the scale of log(-log): S^exp(+/- z sqrt(V) / log S), which stay within 0 and 1.
    Refused, as null: a group whose curve is refused; a horizon nobody was followed to (unless all have relapsed before
    it); limits where all or none kept the outcome, for which the method has none. A figure with censored people is
    provisional: METHODS, follow-up and maturity.
    Source: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 1980 for the limits.
#}
{% macro maintained_proportion(curve, groups, horizon) -%}
    select
        {{ groups | join(', ') }},
        case
            when is_whole = 1 and (longest_days >= {{ horizon }} or kept = 0)
                then coalesce(kept, cast(1 as decimal(20, 12)))
        end as maintained,
        case when is_whole = 1 and longest_days >= {{ horizon }} and kept > 0 then variance_sum end as variance_sum,
        longest_days
    from (
        select
            {{ groups | join(', ') }},
            min(case when survival is null then 0 else 1 end) as is_whole,
            min(case when days <= {{ horizon }} then survival end) as kept,
            max(case when days <= {{ horizon }} then variance_sum end) as variance_sum,
            max(days) as longest_days
        from {{ curve }}
        group by {{ groups | join(', ') }}
    ) as followed
{%- endmacro %}

{#- One limit of it on the scale of the multiplier, DECIMAL(20,9). -#}
{% macro maintained_limit(side, maintained, variance_sum, multiplier=1, confidence=95) -%}
    {%- set logarithm = 'ln(cast(' ~ maintained ~ ' as double))' -%}
    cast(
        case when {{ maintained }} > 0 and {{ maintained }} < 1 and {{ variance_sum }} > 0 then
            exp({{ logarithm }} * exp(
                {{ '-' if side == 'lower' else '' }} {{ normal_quantile(confidence) }}
                * sqrt(cast({{ variance_sum }} as double)) / {{ logarithm }}
            )) * {{ multiplier }}
        end as decimal(20, 9)
    )
{%- endmacro %}
