"""Who may open the lab's own pages."""

import sys
import threading
from typing import Any

import pytest
import requests

from tests.commands.serving import served
from tests.lab import Lab, poll


def configure(lab: Lab, **serve: Any) -> None:
    run = [sys.executable, "-c", "print('{\"secret\": 1}')"]
    lab.secrets(LABTOOL_PASSWORD="pässword")
    lab.configure(
        {"cache": {"numbers": {"kind": "command", "run": run}}, "serve": {"port": 0, **serve}}
    )
    assert lab.run("cache").status == 0
    assert lab.run("build-page").status == 0


def test_without_a_password_nobody(lab: Lab) -> None:
    configure(lab)
    with served(lab) as (url, _):
        found = requests.get(f"{url}/lab/", timeout=5)
        assert found.status_code == 403
        assert "set serve.password in labtool.yaml" in found.text
        assert requests.get(url, timeout=5).status_code == 200


def test_with_the_password(lab: Lab) -> None:
    configure(lab, password="${LABTOOL_PASSWORD}")
    with served(lab) as (url, _):
        asked = requests.get(f"{url}/lab/", timeout=5)
        assert asked.status_code == 401
        assert asked.headers["WWW-Authenticate"].startswith("Basic realm=")
        for auth in (("x", "pässword".encode()), ("", "pässword".encode())):
            assert requests.get(f"{url}/lab/", auth=auth, timeout=5).status_code == 200
        for header in ("Basic", "Basic x", "Basic eHg=", "Bearer pässword".encode(), "Basic ="):
            headers: Any = {"Authorization": header}
            assert requests.get(f"{url}/lab/", headers=headers, timeout=5).status_code == 401
        page = requests.get(f"{url}/lab", auth=("x", "pässword".encode()), timeout=5)
        assert page.url == f"{url}/lab/"


@pytest.mark.parametrize(("proxies", "status"), [(["127.0.0.1"], 200), (["10.0.0.1"], 403)])
def test_behind_a_proxy(lab: Lab, proxies: list[str], status: int) -> None:
    configure(lab, header="X-Forwarded-User", proxies=proxies)
    with served(lab) as (url, _):
        headers = {"X-Forwarded-User": "ann"}
        assert requests.get(f"{url}/lab/", headers=headers, timeout=5).status_code == status
        assert requests.get(f"{url}/lab/", timeout=5).status_code == 403
        empty = {"X-Forwarded-User": ""}
        assert requests.get(f"{url}/lab/", headers=empty, timeout=5).status_code == 403


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"private": "."}, "page.private"),
        ({"private": "site/inner"}, "would publish inner"),
        ({"output": "site", "private": "site"}, "would publish site"),
    ],
)
def test_the_folders_are_apart(lab: Lab, page: dict[str, str], said: str) -> None:
    lab.configure({"page": page})
    done = lab.run("build-page")
    assert done.status == 1
    assert said in done.err


def test_public_is_another_word_for_output(lab: Lab) -> None:
    lab.configure({"page": {"public": "www"}})
    assert lab.run("build-page").status == 0
    assert (lab.folder / "www" / "index.html").exists()


def test_who_is_a_proxy_is_nothing_that_a_header_says(lab: Lab) -> None:
    configure(lab, header="X-Forwarded-User", proxies=["10.0.0.5"])
    with served(lab) as (url, _):
        for said in ("10.0.0.5", "127.0.0.1, 10.0.0.5"):
            headers = {"X-Forwarded-User": "ann", "X-Forwarded-For": said}
            assert requests.get(f"{url}/lab/", headers=headers, timeout=5).status_code == 403


@pytest.mark.parametrize("proxies", [["127.0.0.1"], ["127.0.0.0/8"], ["::ffff:127.0.0.1"]])
def test_an_ordinary_proxy_names_its_client(lab: Lab, proxies: list[str]) -> None:
    configure(lab, header="X-Forwarded-User", proxies=proxies)
    with served(lab) as (url, _):
        headers = {"X-Forwarded-User": "ann", "X-Forwarded-For": "192.0.2.7"}
        assert requests.get(f"{url}/lab/", headers=headers, timeout=5).status_code == 200


def test_a_server_on_ipv6_knows_a_proxy_of_ipv4(lab: Lab) -> None:
    configure(lab, header="X-Forwarded-User", host="::ffff:127.0.0.1")
    with served(lab) as (url, _):
        port = url.rpartition(":")[2]
        headers = {"X-Forwarded-User": "ann"}
        found = requests.get(f"http://127.0.0.1:{port}/lab/", headers=headers, timeout=5)
        assert found.status_code == 200


@pytest.mark.parametrize("proxy", ["localhost", "10.0.0.0/64", "10.0.0"])
def test_what_is_no_address_is_a_mistake(lab: Lab, proxy: str) -> None:
    lab.configure({"serve": {"header": "X-User", "proxies": [proxy]}})
    done = lab.run("check")
    assert done.status == 2
    assert "is neither an address nor a network; write one such as 127.0.0.1" in done.err


def test_the_right_one_is_not_judged_while_too_many_wait(lab: Lab) -> None:
    configure(lab, password="${LABTOOL_PASSWORD}")
    stop = threading.Event()
    seen: list[int] = []
    with served(lab) as (url, _):

        def guess(password: bytes) -> None:
            while not stop.is_set():
                asked = requests.get(f"{url}/lab/", auth=("x", password), timeout=10)
                seen.append(asked.status_code)

        threads = [threading.Thread(target=guess, args=(b"no",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        poll(lambda: seen.count(429) > 20)
        auth = ("x", "pässword".encode())
        found = [requests.get(f"{url}/lab/", auth=auth, timeout=5).status_code for _ in range(10)]
        stop.set()
        for thread in threads:
            thread.join()
        poll(lambda: requests.get(f"{url}/lab/", auth=auth, timeout=5).status_code == 200)
    assert found.count(429) >= 5
    # Three at once, each for half a second and more.
    assert seen.count(401) < seen.count(429)
