-- The accepted submissions of the data cut.
select
    submission as submission_id,
    feed,
    organisation,
    covers_from,
    covers_to,
    sequence,
    rows_accepted
from {{ source('run', 'submissions') }}
