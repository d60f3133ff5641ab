"""Demo places: real open figures, invented money, and the submissions their senders would make.

Belongs here: the figures of a place, the files its organisations would send, what to print about
where they come from. Not here: reading a submission, computing a figure. Nothing here is imported
by a room that computes, so the truth about a place never leaks into its measurement.
"""

from places.base import Place, find_place, place_names

__all__ = ["Place", "find_place", "place_names"]
