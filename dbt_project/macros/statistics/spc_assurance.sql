{#
    Whether a process can be relied on to meet a target.

    Usage:  {{ spc_assurance('improvement_direction', 'target', 'lpl', 'upl') }}
    Returns consistent_pass, consistent_fail or inconsistent (hit or miss); null without a target or for a neutral
    direction. The target must lie strictly beyond a limit to be consistent; blank limits are inconsistent.
    Source: METHODS, assurance; Making Data Count.
#}
{% macro spc_assurance(improvement_direction, target, lower_limit, upper_limit) -%}
    case
        when {{ target }} is null or {{ improvement_direction }} = 'neutral' then null
        when {{ target }} > {{ upper_limit }}
            then case {{ improvement_direction }} when 'increase' then 'consistent_fail' else 'consistent_pass' end
        when {{ target }} < {{ lower_limit }}
            then case {{ improvement_direction }} when 'increase' then 'consistent_pass' else 'consistent_fail' end
        else 'inconsistent'
    end
{%- endmacro %}
