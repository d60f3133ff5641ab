{#
    What share has not yet ended, day by day, when some are no longer or not yet followed: a query.

    Usage:  select * from ({{ survival_curve('waits', ['area', 'period']) }}) as curve
    relation: rows per group and days (whole number since the start) with ended (how many ended then) and censored (how
        many were last known then not to have ended), whole numbers.
    Returns the groups and days; at_risk (followed up to that day; who is censored on it still counts), ended; survival =
    product of (1 - ended / at_risk) up to and with that day, DECIMAL(20,12); variance_sum = Greenwood's sum of
    ended / (at_risk (at_risk - ended)), DECIMAL(38,18), null once survival is 0.
    The product is the exponential of a sum of logarithms kept as DECIMAL: exact in any order, and rounded to twelve
    decimals, so that a half is a half.
    Refused, as null for the whole group: a blank or negative number of days or of cases. Nobody is dropped: a case
    whose end is unknown is censored, never left out.
    Source: Kaplan and Meier 1958; Greenwood 1926.
#}
{% macro survival_curve(relation, groups) -%}
    {%- set keys = groups | join(', ') -%}
    {%- set until = 'over (partition by ' ~ keys ~ ' order by days rows between unbounded preceding and current row)' -%}
    select
        {{ keys }}, days, at_risk, ended,
        case
            when is_good = 0 then null
            when min(left_over) {{ until }} = 0 then cast(0 as decimal(20, 12))
            else cast(exp(cast(sum(log_step) {{ until }} as double)) as decimal(20, 12))
        end as survival,
        case when is_good = 1 and coalesce(min(left_over) {{ until }}, 1) > 0 then sum(variance_step) {{ until }} end
            as variance_sum
    from (
        select
            {{ keys }}, days, at_risk, ended, is_good,
            case when ended > 0 then at_risk - ended end as left_over,
            case when ended >= 0 and at_risk > ended then
                cast(ln(cast(at_risk - ended as double) / cast(at_risk as double)) as decimal(38, 18))
            end as log_step,
            {{ exact_quotient('ended', 'at_risk_squared', 18, 0, 0) }} as variance_step
        from (
            select
                {{ keys }}, days, at_risk, ended, is_good,
                cast(at_risk as bigint) * cast(at_risk - ended as bigint) as at_risk_squared
            from (
                select
                    {{ keys }}, days, ended,
                    min(is_good) over (partition by {{ keys }}) as is_good,
                    sum(ended + censored) over (
                        partition by {{ keys }} order by days desc rows between unbounded preceding and current row
                    ) as at_risk
                from (
                    select
                        {{ keys }}, days, sum(ended) as ended, sum(censored) as censored,
                        min(case when days >= 0 and ended >= 0 and censored >= 0 then 1 else 0 end) as is_good
                    from {{ relation }}
                    group by {{ keys }}, days
                ) as days_once
            ) as followed
        ) as squared
    ) as steps
{%- endmacro %}
