{{ config(meta={'dagster': {'ref': {'name': 'int_alliance_area'}}}) }}
-- Small areas, and whoever must send a register, are of one area: person-level figures name no other.
select areas.area_code
from (
    select distinct area_code
    from {{ ref('int_small_areas') }}
    union
    select distinct area_code
    from {{ ref('stg_reference_organisations') }}
    where required_feed = 'pcn_register'
) as areas
left join {{ ref('int_alliance_area') }} as alliance
    on areas.area_code = alliance.area_code
where alliance.area_code is null
