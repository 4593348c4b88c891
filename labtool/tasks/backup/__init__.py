"""Backups that are known to restore.

archive.py      files -> one stream of tar, hashed as it goes
walk.py         which files belong to a set
manifest.py     what a backup says of itself, beside its archive
destinations/   where backups are kept, one file a kind
catalogue.py    what is at the destinations
retention.py    which of it stays (pure)
"""
