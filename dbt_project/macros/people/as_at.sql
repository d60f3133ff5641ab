{#
    Events with the attributes their person had on the first day of the month of the event, as a relation: all columns
    of the events, and pcn, deprivation, age_group, age_band, age_years and area_code.

    Usage:  select ... from {{ as_at('attended', 'event_date') }} as attended
    Only events of people who are on the register of that month.

    Usage:  select ... from {{ as_at('attended', 'event_date', keep_unknown=true) }} as attended
    Every event: whoever is not on the register of the month, or is nobody known, stands under `unknown`; age_band and
    age_years are null.
    events: a CTE or model with person_key and the date column.
#}
{% macro as_at(events, date_column, keep_unknown=false) -%}
(
        select
            events.*,
            coalesce(spine.pcn, 'unknown') as pcn,
            coalesce(spine.deprivation, 'unknown') as deprivation,
            coalesce(spine.age_group, 'unknown') as age_group,
            spine.age_band,
            spine.age_years,
            alliance.area_code
        from {{ events }} as events
        {{ 'left' if keep_unknown else 'inner' }} join {{ ref('int_person_months') }} as spine
            on
                events.person_key = spine.person_key
                and cast({{ dbt.date_trunc('month', 'events.' ~ date_column) }} as date) = spine.month_start
        cross join {{ ref('int_alliance_area') }} as alliance
    )
{%- endmacro %}
