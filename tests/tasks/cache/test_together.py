"""All vendors are asked at the same time: none waits for another."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.lab import Lab, poll
from tests.servers.faults import Fault
from tests.tasks.cache.stands import Stand, configured, together

pytestmark = pytest.mark.xdist_group("cache contract")


@pytest.fixture
def stands(lab: Lab) -> Iterator[dict[str, Stand]]:
    with ExitStack() as stack:
        made = together()
        for one in made.values():
            stack.callback(one.start().stop)
            one.reset()
        configured(lab, made, "60s")
        yield made


def test_every_vendor_is_asked_while_all_others_hang(lab: Lab, stands: dict[str, Stand]) -> None:
    """Counts what is open at once, which is not a matter of how fast this machine is."""
    for one in stands.values():
        one.proxy.clear()
        one.proxy.inject(Fault.hang(), times=None)
    process = lab.start("cache", "--force")

    def waiting() -> dict[str, int]:
        return {kind: sum(seen.status == 0 for seen in one.proxy.requests)
                for kind, one in stands.items()}  # fmt: skip

    # Both kinds of Slack ask one workspace; Analytics asks where the sheets do for its token.
    wanted = {**dict.fromkeys(stands, 1), "slack": 2, "sheets": 2}
    del wanted["analytics"], wanted["slack-presence"]
    poll(lambda: all(waiting()[kind] >= wanted[kind] for kind in wanted), 50, "not all at once")
    for one in stands.values():
        one.proxy.clear()
        one.proxy.release()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert f"{len(stands)} refreshed" in out
