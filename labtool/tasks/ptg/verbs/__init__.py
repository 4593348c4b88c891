"""The commands of the board, one table for each kind of person. To add a command is to add
a function and its line in the table of its file."""

from collections.abc import Mapping

from labtool.tasks.ptg.call import Verb
from labtool.tasks.ptg.verbs import admin, track, user

VERBS: Mapping[str, Mapping[str, Verb]] = {
    "user": user.VERBS,
    "track": track.VERBS,
    "admin": admin.VERBS,
}
