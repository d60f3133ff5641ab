"""The shared warehouse on PostgreSQL: a verified release as tables that many people query at once.

Belongs here: what stands there and who may read it (layout, tables), roles and grants (roles, audit, logins), loading
and withdrawing a release (rows, load, withdraw). Not here: what a release holds, or whether it is right
(publication.release, publication.verify).
docs/adr/0032 says why it is built this way; docs/how-to/run-a-shared-warehouse.md is for its operator.
"""
