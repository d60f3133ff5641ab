"""Is what was sent believable, and what was built from it provable?

Belongs here: the suites (one module a feed, one for each small aggregate table), the runner that puts them to
Great Expectations, intake as a whole, and the verdicts the gate reads. Not here: reading files (`ingest`),
computing an indicator (`dbt_project`), acting on a verdict (`settlement`).
"""
