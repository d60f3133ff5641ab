-- Requests of known carers: whether an assessment ended, or support began, 0 to 28 days after, whoever gave it. A request
-- is counted once everybody who had to report the 28th day has: until then it is still followed.
{{ config(meta={'submissions_of': ['carers']}) }}
with requests as (
    select
        events.organisation,
        events.event_reference,
        events.person_key,
        events.event_start_date as event_date
    from {{ in_force('carers') }} as events
    inner join {{ days_everybody_told('carers') }} as told
        on cast({{ dbt.dateadd('day', 28, 'events.event_start_date') }} as date) = told.day
    where events.event_type = 'Request' and events.person_key is not null
),

answers as (
    select
        person_key,
        event_end_date as answered_on
    from {{ in_force('carers') }} as events
    where event_type = 'Assessment' and person_key is not null
    union
    select
        person_key,
        event_start_date as answered_on
    from {{ ref('int_carer_support') }}
),

answered as (
    select distinct
        requests.organisation,
        requests.event_reference
    from requests
    inner join answers
        on
            requests.person_key = answers.person_key
            and {{ dbt.datediff('requests.event_date', 'answers.answered_on', 'day') }} between 0 and 28
),

judged as (
    select
        requests.person_key,
        requests.event_date,
        case when answered.event_reference is null then 0 else 1 end as numerator
    from requests
    left join answered
        on requests.organisation = answered.organisation and requests.event_reference = answered.event_reference
)

select
    'carers_answered_28_days' as indicator_id,
    person_key,
    event_date,
    cast(numerator as bigint) as numerator,
    cast(1 as bigint) as denominator,
    cast(null as bigint) as amount,
    pcn,
    deprivation,
    age_group,
    age_band,
    area_code
from {{ as_at('judged', 'event_date', keep_unknown=true) }} as requests
