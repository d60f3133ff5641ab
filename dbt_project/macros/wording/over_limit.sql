{#
    Whether the share of days without figures is above the agreed limit. Exactly at the limit is not above.

    Usage:  {{ over_limit('missing_days', 'covered_days', 'max_missing_pct') }}
    Whole numbers and DECIMAL only: 2 of 20 days at 10 % must not be lost to 0.1 in floating point.
#}
{% macro over_limit(missing_days, covered_days, limit_pct) -%}
    {{ missing_days }} * 100 > {{ limit_pct }} * {{ covered_days }}
{%- endmacro %}
