"""The instruments' API as it describes itself: whatever is sent, nothing breaks."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.commands.serving import served
from tests.commands.test_instruments import TOKEN, Room

pytestmark = pytest.mark.xdist_group("instruments")

AS_MANY = settings(
    max_examples=40,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def attacked(operation: Any, mode: GenerationMode, room: Room) -> set[int]:
    """The statuses of many requests."""
    statuses = set()

    @AS_MANY
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        if "name" in (case.path_parameters or {}):
            case.path_parameters["name"] = "attune"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = case.call(base_url=f"{room.url}/api", headers=headers)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 200 and case.method == operation.method.upper():
            operation.validate_response(answer)
        statuses.add(answer.status_code)

    check()
    return statuses


@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_it(tmp_path: Path) -> None:
    """schemathesis: requests as the schema allows and as it forbids; answers as it says."""
    room = Room(tmp_path)
    with served(room.server):
        schema = schemathesis.openapi.from_url(f"{room.url}/api/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) == 5
        seen = {
            operation.label: set.union(
                *(attacked(operation, mode, room) for mode in GenerationMode)
            )
            for operation in operations
        }
        assert room.get("/attune").status_code == 200
    assert all(200 in statuses for statuses in seen.values()), seen
    assert any(422 in statuses for statuses in seen.values()), seen
    assert not list((room.server.state / "logs").glob("bug-*"))
