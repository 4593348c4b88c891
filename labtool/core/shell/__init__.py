"""Bash commands with parameters, for whoever runs some: jobs, and steps of workflows.

template      a command with `{name}` -> a script into which no text can break
words, commands, programs, texts, tables, options, safe
              the part of bash that such a template may use: read, and held against what is safe
process       one run of it: a session of its own, with a timeout, until nothing of it is left
output        what it prints: bounded, masked, written as it comes
"""
