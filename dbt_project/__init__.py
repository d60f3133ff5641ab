"""The dbt project: SQL from the lake to the KPI return, and the catalogue of indicator definitions.

Belongs here: staging, indicators, statistics, the KPI return and the ledger. Not here: money and its
allocation (`settlement`), disclosure control (`publication`), reading files that senders made (`ingest`).
"""
