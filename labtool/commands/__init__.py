"""From the command line to a task and back to an exit status; no decisions.

One module a command, named as the command, with a typer app called `app`.
"""
