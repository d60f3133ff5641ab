{#
    The plain sentence of a withheld figure, without its full stop.

    Usage:  {{ missing_sentence('missing_days', 'covered_days', 'max_missing_pct') }}
    "20 of 91 days lack figures from at least one organisation that must report, above the agreed limit of 10 %"
#}
{% macro missing_sentence(missing_days, covered_days, limit_pct) -%}
    cast({{ missing_days }} as {{ dbt.type_string() }}) || ' of ' || cast({{ covered_days }} as {{ dbt.type_string() }})
    || case when {{ covered_days }} = 1 then ' day' else ' days' end
    || case when {{ missing_days }} = 1 then ' lacks' else ' lack' end
    || ' figures from at least one organisation that must report, above the agreed limit of '
    || {{ plain_number(limit_pct) }} || ' %'
{%- endmacro %}

{#
    What is still open about a period, without a full stop; null when nothing is.

    Usage:  {{ open_sentence(
                'period_kind', 'covered_days', 'window_days', 'data_cut_status', 'follow_up_days', 'look_back_days'
            ) }}
    "the data cover 62 of 92 days of the quarter"; where the window is longer than the period, because its events are
    followed up for some days or looked back from, "the data cover 62 of 274 days of the quarter and the follow-up of its
    events", "the data cover 244 of 274 days of the quarter and the days looked back on".
#}
{% macro open_sentence(period_kind, covered_days, window_days, data_cut_status, follow_up_days, look_back_days) -%}
    case
        when {{ covered_days }} < {{ window_days }}
            then 'the data cover ' || cast({{ covered_days }} as {{ dbt.type_string() }}) || ' of '
                || cast({{ window_days }} as {{ dbt.type_string() }}) || ' days of the ' || {{ period_word(period_kind) }}
                || case when {{ follow_up_days }} > 0 then ' and the follow-up of its events' else '' end
                || case when {{ look_back_days }} > 0 then ' and the days looked back on' else '' end
        when {{ data_cut_status }} = 'flex'
            then 'the quarter of this ' || {{ period_word(period_kind) }} || ' is not over in the data'
    end
{%- endmacro %}

{#- The kind of a period as a reader would say it. -#}
{% macro period_word(period_kind) -%}
    case {{ period_kind }} when 'rolling_year' then 'rolling year' else {{ period_kind }} end
{%- endmacro %}
