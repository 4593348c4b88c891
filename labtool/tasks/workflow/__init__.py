"""Work of many steps, started by files, the clock and people, which goes on after a crash.

section       `workflows:`, `triggers:` and `engine:` of the config
definition    a workflow as the config has it <-> as a run of it keeps it
values        `{name}` in the texts of steps
activities/   what a step can do, one file each
triggers/     what starts runs, one file each
flow          a run: its steps in order, and what becomes of it
perform       one step: attempts, pauses, timeouts, outcome
work/         the worker: runs flows on the engine, and finds what others have left
history       how runs have ended, in numbers

To add an activity: one file in activities/, of the name that the YAML uses.
"""
