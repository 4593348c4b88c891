"""A text that is too long for a message, as a file in Slack: three steps
(docs.slack.dev/messaging/working-with-files, Uploading files).
"""

import requests

from labtool.core.errors import Failed, Temporary
from labtool.core.messages import Address, Receipt
from labtool.services import http
from labtool.services.slack_client import Client

_SECONDS, _ANSWER = 60.0, 64 * 1024
_WHERE = "Slack, a file"


def upload(
    client: Client, address: Address, name: str, text: str, comment: str, thread: str
) -> Receipt:
    """Upload a text and share it with a comment, in a thread if that is one. Only the last step
    can be seen by anybody: raises as `Client.post` there, and Temporary before."""
    content = text.encode("utf-8", "replace")
    place = client.call("files.getUploadURLExternal", filename=name, length=len(content))
    url = str(place.get("upload_url") or "")
    if not url.startswith(("https://", "http://")):
        raise Failed("gave no address for it", where=_WHERE, code="slack")
    with requests.Session() as session, http.explained(_WHERE):
        session.trust_env = True
        http.bounded(session, _SECONDS, _ANSWER)
        answer = session.post(url, data=content, headers={"Content-Type": "text/plain"})
    if answer.status_code >= 400:
        raise Temporary(f"answered {answer.status_code}", where=_WHERE, code="slack")
    shared = {
        "files": [{"id": place["file_id"], "title": name}],
        "channel_id": address.value,
        "initial_comment": comment,
        **({"thread_ts": thread} if thread else {}),
    }
    client.post("files.completeUploadExternal", shared)
    return Receipt(address.value, str(place["file_id"]))
