"""Demo places: published figures or an invented population, invented money, and the files senders would make.

Belongs here: the figures or the people of a place, the files its organisations would send, the truth about a
generated place, what to print about where it all comes from. Not here: reading a submission, computing a figure.
Nothing here is imported by a room that computes, so the truth about a place never leaks into its measurement.
"""

from places.base import Place, find_place, place_names

__all__ = ["Place", "find_place", "place_names"]
