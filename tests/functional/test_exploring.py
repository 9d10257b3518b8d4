"""The explorer as a server, of a repository of a few datasets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.explored import Explorer, explored
from support.project import Project
from support.reported import MIX, reported


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return reported(tmp_path_factory.mktemp("explored") / "repository")


@pytest.fixture(scope="module")
def explorer(project: Project) -> Iterator[Explorer]:
    with explored(project.root) as running:
        yield running


def test_the_first_page_lists_every_dataset(explorer: Explorer) -> None:
    page = explorer.page("/")
    for path in ("data/documents.jsonl", "data/answers.jsonl", "data/revised.jsonl", MIX):
        assert f'href="/d/{path}"' in page
    assert "SmallModel@v1" in page
    assert "python stdlib" in page


def test_the_server_is_guarded(explorer: Explorer) -> None:
    assert explorer.request("/", cookie=None).status == 401
    assert explorer.request("/static/explorer.css", cookie=None).status == 401
    assert explorer.request("/", headers={"Host": "example.org"}).status == 421
    assert explorer.request("/", headers={"Origin": "https://example.org"}).status == 403
    assert explorer.request("/", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert explorer.request("/", method="POST").status == 405


@pytest.mark.parametrize(
    "path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static/..%2fsite.py", "/../etc/passwd", "/nothing"]
)
def test_no_other_file_is_served(explorer: Explorer, path: str) -> None:
    answered = explorer.request(path)
    assert answered.status == 404
    assert answered.headers["cache-control"] == "no-store"


def test_style_and_script_are_served_with_their_types(explorer: Explorer) -> None:
    assert explorer.request("/static/explorer.css").headers["content-type"].startswith("text/css")
    assert explorer.request("/static/explorer.js").headers["content-type"].startswith("text/javascript")


def test_a_revision_that_is_not_there_is_said_in_a_page(explorer: Explorer) -> None:
    answered = explorer.request("/?rev=nowhere")
    assert answered.status == 503
    assert "nowhere" in answered.text


def test_the_command_prints_the_address_and_ends_when_it_is_interrupted(project: Project) -> None:
    command = [sys.executable, "-m", "provenance", "explore", "--json", "--open", "/d/a?x=1"]
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=dict(project.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            said += running.stdout.readline()
        document = json.loads(said)
        assert document["address"].startswith(f"http://127.0.0.1:{document['port']}/d/a?x=1&token=")
        running.send_signal(2)
        _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_one_line(project: Project, explorer: Explorer) -> None:
    answer = project.provenance("explore", "--port", str(explorer.port))
    assert answer.code == 2
    assert answer.stderr.startswith(f"error: --port {explorer.port}: cannot be used")


def test_without_its_libraries_the_command_says_what_to_install(project: Project, tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError('none', name='starlette')\n")
    environment = dict(project.environment) | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "provenance", "explore"],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "error: the explorer needs starlette, which is not installed; pip install 'dvc-provenance[explore]'\n"
    )
