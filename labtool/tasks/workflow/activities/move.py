"""`move`: as `copy`, and what was copied goes once its copy has been held against it."""

from collections.abc import Mapping
from typing import Any

from labtool.tasks.workflow.activities import copy
from labtool.tasks.workflow.activities._base import Context


class Options(copy.Options):
    """From where, and to where."""

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's. Raises as copy's."""
        self.moved(context, remove=True)
        return {}
