"""What starts runs.

arrival    a file that is whole, wherever it is
folder     those of a folder
bucket     those of a bucket that is listed
events     those that a bucket tells of, through a queue
notices    what such a message says (pure)
rules      which workflow a file starts
section    `triggers:` of the config
looking    all of these: each arrival starts what its rule says, once
"""
