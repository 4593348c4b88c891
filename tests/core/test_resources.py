"""The files that labtool ships."""

import pytest

from labtool.core.errors import Failed
from labtool.core.resources import folder


def test_the_templates_are_there() -> None:
    assert (folder("html") / "mail" / "message.html.j2").is_file()


def test_what_is_missing_is_said() -> None:
    with pytest.raises(Failed, match=r"folder nothing is missing.*install labtool again"):
        folder("nothing")
