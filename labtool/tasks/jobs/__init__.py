"""Jobs that people start by saying so, and the queue that runs them.

section       `jobs:` and `jobs_settings:` of the config
phrases       what somebody says <-> a command of the config
parameters    what a parameter may be
queue         who waits and who runs, in the state's database
work/         running them: one process group each, its output, its end
talk          what is said -> what is done, and the answer
"""
