{#
    Quantile of Student's t for a two-sided interval: from the table up to 1,000 degrees of freedom, beyond by expansion.

    Usage:  {{ student_t_quantile('cases - 1', 'student.quantile') }} with the seed student_t_975 joined on the degrees
    tabulated: null beyond the table. Fisher and Cornish's expansion in powers of 1/v, four terms: beyond 1,000 degrees
    of freedom the fifth is below 1e-12, fewer digits than the table has.
    Source: Abramowitz and Stegun 26.7.5.
#}
{% macro student_t_quantile(degrees, tabulated, confidence=95) -%}
    {%- set z = normal_quantile(confidence) -%}
    {%- set v = 'cast(' ~ degrees ~ ' as double)' -%}
    {%- set z2 = '(' ~ z ~ ' * ' ~ z ~ ')' -%}
    coalesce(
        cast({{ tabulated }} as double),
        case when {{ degrees }} > 1000 then
            {{ z }} * (
                1
                + ({{ z2 }} + 1) / (4 * {{ v }})
                + ((5 * {{ z2 }} + 16) * {{ z2 }} + 3) / (96 * {{ v }} * {{ v }})
                + (((3 * {{ z2 }} + 19) * {{ z2 }} + 17) * {{ z2 }} - 15) / (384 * {{ v }} * {{ v }} * {{ v }})
                + ((((79 * {{ z2 }} + 776) * {{ z2 }} + 1482) * {{ z2 }} - 1920) * {{ z2 }} - 945)
                / (92160 * {{ v }} * {{ v }} * {{ v }} * {{ v }})
            )
        end
    )
{%- endmacro %}
