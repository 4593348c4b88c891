"""What the two kinds that ask Slack share."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from labtool.tasks.cache.sources._base import Expiry

if TYPE_CHECKING:
    from labtool.services.slack_workspace import Workspace


def token(workspace: "Workspace", now: datetime) -> Expiry | None:
    """When the bot's token runs out, if it does. Raises as the workspace does."""
    ends = workspace.token_ends()
    return Expiry("Slack's token", now + timedelta(seconds=ends)) if ends else None
