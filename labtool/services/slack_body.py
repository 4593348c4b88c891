"""A message as Slack's chat.postMessage takes it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from labtool.core.errors import Failed
from labtool.core.messages import Address, Button, Message, Receipt
from labtool.core.text import plain
from labtool.services.slack_text import cut, mrkdwn

# Slack's words for blocks that it does not take.
REFUSED_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "invalid_arguments")
# What stood in refused blocks is a message up to so many characters, else a file.
_SHORT = 3500


def body_of(
    address: Address, message: Message, thread: Receipt | None, mention: Callable[[str], str]
) -> dict[str, Any]:
    """The arguments. `mention` gives the Slack id for a person's key, or nothing."""
    text = mrkdwn(message.text, mention)
    body: dict[str, Any] = {
        "channel": address.value,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "labtool", "event_payload": {"key": message.key}},
    }
    attachments: list[dict[str, Any]] = []
    if message.colour:
        fallback = cut(plain(message.text))
        attachments.append(
            {"color": message.colour, "text": text, "fallback": fallback, "mrkdwn_in": ["text"]}
        )
    else:
        body["text"] = text
    if message.buttons:
        labels = ", ".join(button.label for button in message.buttons)
        attachments.append({"fallback": labels, "blocks": [actions(message.buttons)]})
    if attachments:
        body["attachments"] = attachments
    if message.blocks:
        body["blocks"] = list(message.blocks)
    if thread:
        body["thread_ts"] = thread.id
    return body


def actions(buttons: Sequence[Button]) -> dict[str, Any]:
    """Buttons as a block (docs.slack.dev/reference/block-kit/block-elements/button-element)."""
    return {"type": "actions", "elements": [_element(button) for button in buttons]}


def _element(button: Button) -> dict[str, Any]:
    found = {
        "type": "button",
        "text": {"type": "plain_text", "text": button.label[:75], "emoji": False},
        "action_id": button.action,
        "value": button.value,
    }
    return found | ({"style": button.style} if button.style else {})


def without_blocks(message: Message, why: Failed) -> Message:
    """The same without its blocks, which Slack refused: what stood in them as it is."""
    text = f"{message.text}, but Slack does not take its blocks ({why.what})"
    if message.file_text and len(message.file_text) <= _SHORT:
        return replace(
            message, text=f"{text}\n{message.file_text}", blocks=(), file_text="", file_name=""
        )
    return replace(message, text=text, blocks=())
