"""Caches: every source asked on its beat, the last good answer always there.

section    the config; sources/ has one file a kind
kept       STATE/cache/NAME.json: the last good answer, and why there is no newer one
due        which sources are due (pure)
refresh    many sources at once, none of which delays another
history    the numbers worth plotting, thinned by age
task       what `labtool cache` does
"""
