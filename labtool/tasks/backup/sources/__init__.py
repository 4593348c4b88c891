"""What a set is made of: each source adds itself to the archive.

files.py, walk.py    files and folders, without what is excluded
database.py          what a server gives, and what it held
sqlite.py            files of SQLite, copied while others write
configuration.py     where programs keep theirs
gather.py            the sources of a set
"""
