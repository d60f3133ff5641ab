-- Social care services that count, of known people: which are long-term care homes and which are short-term services to
-- maximise independence (reablement). A row whose number the council withdrew is in neither.
select
    person_key,
    event_reference,
    event_start_date,
    event_end_date,
    service_type in (
        'Long Term Support: Nursing Care', 'Long Term Support: Residential Care'
    ) as is_care_home,
    service_type = 'Short Term Support: ST-Max' as is_reablement
from {{ in_force('council_client_level', 'event_start_date') }} as events
where
    event_type = 'Service'
    and person_key is not null
    and not is_excluded
    and service_type in (
        'Long Term Support: Nursing Care', 'Long Term Support: Residential Care', 'Short Term Support: ST-Max'
    )
