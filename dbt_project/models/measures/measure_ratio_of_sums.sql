-- A sum over complete days out of another sum over the same days. It carries no interval: numerator and denominator
-- move together from day to day, and no published method covers that.
select
    {{ day_figure_columns('sums') }},
    cast(null as decimal(20, 9)) as lower_limit,
    cast(null as decimal(20, 9)) as upper_limit,
    'none: a ratio of two dependent daily sums' as interval_method
from {{ ref('int_period_sums') }} as sums
inner join {{ source('run', 'indicator_catalogue') }} as catalogue
    on sums.indicator_id = catalogue.indicator_id and catalogue.statistic = 'ratio_of_sums'
