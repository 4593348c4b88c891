"""Beside the instrument: read what is new in its logs, and tell the server. Runs on Windows
too: nothing here, nor what it imports, may need POSIX.
"""
