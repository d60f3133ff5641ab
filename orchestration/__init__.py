"""Dagster's view of the house, and the `outturn` command line.

Belongs here: what runs when, in which order, with which retries and locks; putting the rooms together.
Not here: any rule about a figure, a check or a payment: those live in the rooms.
"""
