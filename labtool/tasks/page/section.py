"""The config's sections `page` and `serve`."""

from ipaddress import IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Section, Slug, Words, mistake


class Page(Section):
    """The sites that `build-page` writes: what everybody may see, and what is the lab's own."""

    output: str = Field(
        default="site", min_length=1, description="The folder of what everybody may see"
    )
    public: str = Field(default="", description="The same, by another name")
    private: str = Field(
        default="site-private",
        min_length=1,
        description="The folder of what names people, or is nobody else's business",
    )
    title: str = Field(default="", description="In every page's head; default: the lab's name")

    @model_validator(mode="after")
    def _one_public_folder(self) -> "Page":
        if self.public and "output" in self.model_fields_set:
            raise mistake("has output: and public:, which name the same folder", "write one")
        return self

    @property
    def everybodys(self) -> str:
        """The folder of what everybody may see."""
        return self.public or self.output


class Serve(Section):
    """The web server for the site."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Loopback unless told")
    port: Annotated[int, Field(ge=0, lt=65536)] = Field(
        default=8080, description="0: any that is free"
    )
    clients: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1000, description="How many browsers may follow the changes at once"
    )
    password: Secret | None = Field(
        default=None, description="Opens the lab's own pages, under /lab/; any user name does"
    )
    header: str = Field(
        default="",
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$|^$",
        description="Opens them too: set by a proxy in front for who has logged in there",
    )
    tokens: dict[Slug, Secret] = Field(
        default_factory=dict, description="Of the watches of instruments, by instrument"
    )
    proxies: Words = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses and networks (10.0.0.0/8) whose `header` is believed",
    )

    @field_validator("proxies")
    @classmethod
    def _are_addresses(cls, proxies: Words) -> Words:
        return tuple(_network(proxy) for proxy in proxies)


def _network(text: str) -> str:
    """A network as the server compares it: one of IPv4 as such."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        raise mistake(
            f"{text!r} is neither an address nor a network", "write one such as 127.0.0.1"
        ) from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    is_mapped = mapped is not None and network.prefixlen >= 96
    return f"{mapped}/{network.prefixlen - 96}" if is_mapped else str(network)
