"""A button that is pressed twice."""

import time

from labtool.tasks.jobs.replies import Reply
from labtool.tasks.jobs.slack.hearing import Pressed
from labtool.tasks.jobs.slack.inbox import Inbox
from labtool.tasks.jobs.talk import Desk
from labtool.tasks.jobs.who import Who


def once(inbox: Inbox, desk_: Desk, one: Pressed, who: Who) -> list[Reply]:
    """What a button asks for. What one starts it starts once, also where it is pressed twice before
    it fades. To be called inside a transaction."""
    said = one.said
    mark = f"once-{said.channel}-{said.at}-{one.value}" if one.action == "retry" and said.at else ""
    if mark and inbox.knows(mark):
        again = f"this button has been pressed; to run it once more, say: retry {one.value}"
        return [Reply(again, done=False)]
    replies = desk_.pressed(one.action, one.value, who)
    if mark and all(reply.done for reply in replies):
        inbox.keep(mark, {}, time.time())
        inbox.done(mark)
    return replies
