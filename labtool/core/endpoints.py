"""What `labtool serve` is made of: the nouns that tasks, which answer requests, share with the
server.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.core.config import Config
from labtool.core.task import Run

Background = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Site:
    """What endpoints may need: the config, an event that is set when the server stops, and
    what reads the tokens of `serve.tokens` anew (raises ConfigError)."""

    config: Config
    stopping: asyncio.Event
    tokens: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a task gives to the server: routes (Starlette's), what goes on in the background
    meanwhile, and the `rounds` that are made about twice a second where messages can be sent,
    with the run and the lab's services: they say whether the site is to be built anew."""

    routes: Sequence[Any] = ()
    background: Sequence[Background] = ()
    rounds: Sequence[Callable[[Run, Any], bool]] = ()


Endpoints = Callable[[Site], Parts]
