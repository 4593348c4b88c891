"""The event board: what each track discusses now and next, where, and who is there.

shape       what the board's JSON file may hold
timetable   days and slots: which is today's, which is on now
board       the board in memory; every change is a list of edits that can be taken back
store       the board on the disk: a journal of changes, and the JSON file others read
grammar     a line of chat -> a command
verbs       the commands of everybody, of moderators, of operators
desk        (who, where, rights, text) -> the answers; knows no IRC and no Slack
bot         the desk's IRC front end
pages       the board's pages, for the site
"""
