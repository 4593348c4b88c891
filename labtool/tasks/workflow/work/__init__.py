"""A worker: a process that works at runs.

pulse     its signs of life, and what it is told: which runs are to stop
worker    its rounds: runs, what others have left, what waits, what has ended
upkeep    what is forgotten, and when
lookout   what arrives is looked for in a thread beside
task      `labtool workflow work`
"""
