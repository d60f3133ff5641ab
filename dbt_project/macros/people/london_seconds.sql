{#
    A day and a time of day in London as seconds from midnight UTC of 1 January 2000.

    Usage:  {{ london_seconds('contact_date', 'contact_time', 'contact_offset', 'earliest') }}
    time: text, HH:MM:SS. offset: text, '+01:00', '+00:00' or null, looked at in one hour of the year alone. side:
    'earliest' or 'latest', which differ where that hour comes twice and no offset is given. Null where the time is null
    or never was.
    Clocks go forward at 01:00 of the last Sunday of March, so that the hour from 01:00 is missing, and back at 02:00 of
    the last Sunday of October, so that it comes twice (Summer Time Act 1972 as amended from 2002; the same days from
    1996). Worked out from the calendar: engines and machines need no table of time zones to agree.
#}
{% macro london_seconds(day, time, offset, side) -%}
    {%- set seconds -%}
        (cast(substr({{ time }}, 1, 2) as integer) * 3600 + cast(substr({{ time }}, 4, 2) as integer) * 60
        + cast(substr({{ time }}, 7, 2) as integer))
    {%- endset -%}
    {#- the day of the month of the last Sunday so far: from the 25th on it is the month's last -#}
    {%- set sunday -%}
        (extract(day from {{ day }}) - mod({{ dbt.datediff("cast('1899-12-31' as date)", day, 'day') }}, 7))
    {%- endset -%}
    (
        cast({{ dbt.datediff("cast('2000-01-01' as date)", day, 'day') }} as bigint) * 86400 + {{ seconds }}
        - case
            when extract(month from {{ day }}) between 4 and 9 then 3600
            when extract(month from {{ day }}) = 3 and {{ sunday }} >= 25
                then case
                    when {{ sunday }} < extract(day from {{ day }}) or {{ seconds }} >= 7200 then 3600
                    when {{ seconds }} < 3600 then 0
                end
            when extract(month from {{ day }}) = 10 and {{ sunday }} < 25 then 3600
            when extract(month from {{ day }}) = 10 and {{ sunday }} = extract(day from {{ day }})
                then case
                    when {{ seconds }} < 3600 then 3600
                    when {{ seconds }} >= 7200 then 0
                    when {{ offset }} = '+01:00' then 3600
                    when {{ offset }} = '+00:00' then 0
                    else {{ 3600 if side == 'earliest' else 0 }}
                end
            else 0
        end
    )
{%- endmacro %}
