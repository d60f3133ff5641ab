"""Generated places beside Greenwich: each is its areas, its agreement and a few numbers, drawn by Greenwich's modules.

Belongs here: one package a place, with `place` for whoever looks it up, `particulars` for whoever draws it, the extract
of its areas and where that comes from. Not here: how anything is drawn (`places.greenwich`).

A further borough is a further package and a line in `places.base`.
"""
