"""Reminders: the lab's routine from its sheets, as messages to the right people.

Deciding is pure: the `section` (the config), the lab's `data` (its sheets) and a day go
into the `engine`, which answers with what is to be said to whom, and with what is wrong in
the sheets. To add a kind of rule is to add a file to `rules/`; a layout of sheets, to
`layouts/`.
"""
