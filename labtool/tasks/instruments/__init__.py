"""Instruments whose logs say what they do: who reads them, who is told, what is shown.

`events` are what a row can mean, `kinds/` the parsers, `machine` the state; `watch/` runs
beside the instrument (Windows too: nothing there may need POSIX), `center/` in `labtool serve`.
"""
