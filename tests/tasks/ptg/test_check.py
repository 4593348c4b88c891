"""`labtool check` on the board."""

import json

from tests.lab import Lab
from tests.servers.ircd import Ngircd, free_port
from tests.tasks.ptg.event import document


def test_a_board(lab: Lab) -> None:
    lab.configure("ptg: {}\n")
    assert "is not there yet: the board begins empty" in lab.run("check").out
    odd = document() | {"colors": {"nova": "reddish"}}
    odd["schedule"]["Aspen"]["XyzA1"] = "zun"
    (lab.folder / "ptg.json").write_text(json.dumps(odd))
    done = lab.run("check")
    assert done.status == 0
    assert "ok: board: 4 tracks, 3 rooms, 3 days" in done.lines
    for note in (
        "schedule has slots that slots does not have: Aspen-XyzA1",
        "schedule has tracks that tracks does not have: zun",
        "colors has values that are no colours: nova: reddish",
    ):
        assert note in done.out
    (lab.folder / "ptg.json").write_text("{")
    done = lab.run("check")
    assert done.status == 1
    assert "ptg.json: is not JSON" in done.err


def test_the_server(lab: Lab, ngircd: Ngircd) -> None:
    ptg = {"server": "127.0.0.1", "channels": ["#x"]}

    def proved(**more: object) -> tuple[int, str]:
        lab.configure({"ptg": {**ptg, **more}})
        done = lab.run("check", "--online")
        return done.status, done.out + done.err

    status, said = proved(port=ngircd.port, tls=False)
    assert (status, "answers, without TLS" in said) == (0, True)
    status, said = proved(port=ngircd.tls_port, ca_file=str(ngircd.ca_file))
    assert (status, "answers, with TLS" in said) == (0, True)
    status, said = proved(port=ngircd.tls_port)
    assert (status, "TLS fails (unable to get local issuer certificate)" in said) == (1, True)
    status, said = proved(port=free_port(), tls=False)
    assert (status, "could not be proved now" in said) == (75, True)
