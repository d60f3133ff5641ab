-- People asked in a survey, with what they answered: nobody's record of care, and no person to join one to.
select
    submissions.submission_id,
    lake.organisation,
    lake.row_number,
    lake.response_id,
    lake.asked_on,
    lake.response_status,
    lake.age_band,
    lake.overall_experience,
    lake.coordination,
    lake.listened_to,
    lake.told_story_once,
    lake.named_contact,
    lake.quick_help,
    lake.social_contact,
    lake.active_minutes,
    lake.natural_support,
    lake.lives_alone,
    lake.carer,
    lake.long_term_condition,
    cast(lake.design_weight as decimal(9, 4)) as design_weight
from {{ lake_source('resident_survey') }} as lake
inner join {{ ref('stg_submissions') }} as submissions
    on lake.submission = submissions.submission_id
