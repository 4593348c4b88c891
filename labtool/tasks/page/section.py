"""The config's sections `page` and `serve`."""

from typing import Annotated

from pydantic import Field

from labtool.core.config.types import Section


class Page(Section):
    """The site that `build-page` writes."""

    output: str = Field(default="site", min_length=1, description="The folder of the site")
    title: str = Field(default="", description="In every page's head; default: the lab's name")


class Serve(Section):
    """The web server for the site."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Loopback unless told")
    port: Annotated[int, Field(ge=0, lt=65536)] = Field(
        default=8080, description="0: any that is free"
    )
    clients: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1000, description="How many browsers may follow the changes at once"
    )
