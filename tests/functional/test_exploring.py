"""The explorer as a server, of a repository of a few datasets."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.explored import Explorer, explored
from support.interrupts import interruptible
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
    for name in ("SmallModel@v1", "python stdlib", "ask", "PSF-2.0"):
        assert name in page


def test_the_first_page_shows_how_datasets_are_made_and_how_they_changed(explorer: Explorer) -> None:
    page = explorer.page("/")
    assert page.count('class="flow') == 2
    assert '<svg class="spark" role="img" aria-label="v1: 102 rows; v2: 132 rows">' in page
    assert 'href="/src/python%20stdlib"' in page


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


@pytest.mark.parametrize(
    "path", ["/d/../../etc/passwd", "/d/..%2f..%2fetc/passwd", "/d//etc/passwd", "/s/%2fetc%2fpasswd:1"]
)
def test_what_is_outside_the_repository_is_not_there(explorer: Explorer, path: str) -> None:
    answered = explorer.request(path)
    assert answered.status == 404
    assert "not inside the DVC repository" in answered.text


def test_style_and_script_are_served_with_their_types(explorer: Explorer) -> None:
    assert explorer.request("/static/explorer.css").headers["content-type"].startswith("text/css")
    assert explorer.request("/static/explorer.js").headers["content-type"].startswith("text/javascript")


def test_a_revision_that_is_not_there_is_said_in_a_page(explorer: Explorer) -> None:
    answered = explorer.request("/?rev=nowhere")
    assert answered.status == 404
    assert "nowhere" in answered.text


def test_the_command_prints_the_address_and_ends_when_it_is_interrupted(project: Project) -> None:
    with subprocess.Popen(
        interruptible("explore", "--json", "--open", "/d/a?x=1"),
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


def shown_rows(page: str) -> list[int]:
    """The numbers of the rows that a page lists."""
    return [int(number.replace(",", "")) for number in re.findall(r'col-row">([\d,]+)</td>', page)]


def test_rows_come_in_pages_in_the_order_of_the_file(explorer: Explorer) -> None:
    first = explorer.page(f"/d/{MIX}")
    assert shown_rows(first) == list(range(1, 51))
    following = re.search(r'href="([^"]+)" data-more', first)
    assert following is not None
    second = explorer.page(html.unescape(following[1]))
    assert shown_rows(second) == list(range(51, 101))
    last = explorer.page(f"/d/{MIX}?after=100")
    assert shown_rows(last) == list(range(101, 133))
    assert "These are all." in last


def test_facets_narrow_rows_and_say_how_many(explorer: Explorer) -> None:
    page = explorer.page(f"/d/{MIX}?kind=self_revision&model=SmallModel@v1")
    assert "<b>12 rows</b>" in page
    assert shown_rows(page) == list(range(121, 133))
    either = explorer.page(f"/d/{MIX}?depth=1&depth=2")
    assert "<b>42 rows</b>" in either
    assert shown_rows(either)[0] == 91
    assert "No row fits." in explorer.page(f"/d/{MIX}?origin=real&depth=1")


def test_rows_are_narrowed_by_the_step_and_the_prompt_that_made_them(explorer: Explorer) -> None:
    assert shown_rows(explorer.page(f"/d/{MIX}?stage=revise")) == list(range(121, 133))
    assert shown_rows(explorer.page(f"/d/{MIX}?prompt=ask")) == list(range(91, 133))
    page = explorer.page(f"/d/{MIX}?prompt=ask&stage=answer")
    assert "<b>30 rows</b>" in page
    # The facets beside them say how many each other value would leave.
    assert re.search(r'stage=revise[^>]*>.*?class="n">12<', page)


def test_what_a_row_came_from_is_counted_as_impact_does(explorer: Explorer, project: Project) -> None:
    for place in (1, 3, 40):
        selector = f"sample:data/documents.jsonl:{place}"
        (counted,) = [each for each in project.ask("impact", selector)["datasets"] if each["path"] == MIX]
        least, most = counted["certainly_affected_rows"], counted["affected_rows"]
        page = explorer.page(f"/d/{MIX}?from={selector}")
        words = f"{least} to {most} rows" if most > least else "1 row" if most == 1 else f"{most} rows"
        assert f"<b>{words}</b>" in page
        assert len(shown_rows(page)) >= most
    assert "may fit" in explorer.page(f"/d/{MIX}?from=sample:data/documents.jsonl:3")


def test_words_are_looked_for_whatever_their_case(explorer: Explorer) -> None:
    assert shown_rows(explorer.page(f"/d/{MIX}?q=WHAT+DOES+IT+DO"))[0] == 91
    nobody = explorer.page(f"/d/{MIX}?q=nobody+says+this")
    assert "No row fits." in nobody
    assert "0 of <b>132 rows</b></p>" in nobody


def test_a_wrong_address_says_what_is_known(explorer: Explorer) -> None:
    for asked, words in (
        ("colour=red", "colour: not a filter"),
        ("after=x", "not the number of a row"),
        ("view=x", "view=x"),
    ):
        answered = explorer.request(f"/d/{MIX}?{asked}")
        assert answered.status == 400
        assert words in answered.text
    assert explorer.request(f"/d/{MIX}?from=model:nobody").status == 404
    assert explorer.request("/d/data/none.jsonl").status == 404


def test_composition_history_and_lineage_are_those_of_the_report(explorer: Explorer) -> None:
    assert "self-revision" in explorer.page(f"/d/{MIX}?view=composition")
    assert "Mix 60 docstrings" in explorer.page(f"/d/{MIX}?view=history")
    assert 'href="/d/data/answers.jsonl"' in explorer.page(f"/d/{MIX}?view=lineage")


def test_another_revision_is_shown_without_a_checkout(explorer: Explorer) -> None:
    page = explorer.page(f"/d/{MIX}?rev=v1")
    assert "<b>102 rows</b>" in page
    assert f'href="/d/{MIX}?' in page and "rev=v1" in page


def test_a_sample_stands_beside_what_it_was_made_from(explorer: Explorer) -> None:
    page = explorer.page(f"/s/{MIX}:91")
    assert "1 model step from human text" in page
    assert "1 ancestor" in page
    assert re.search(r"<(mark|ins|del)>", page)
    assert "This is the text as it was sent" in page
    assert '<span class="variable" title="text">' in page


def test_the_run_of_a_step_has_a_page(explorer: Explorer, project: Project) -> None:
    page = explorer.page(f"/s/{MIX}:91")
    to = re.search(r'<dt>step</dt><dd><a href="(/a/\w+)">answer</a>', page)
    assert to is not None
    run = explorer.page(to[1])
    assert "30 samples were made in it" in run
    for said in ("SmallModel@v1", "temperature", "answer.py", "began"):
        assert said in run
    (counted,) = [each for each in project.ask("impact", f"activity:{to[1][3:]}")["datasets"] if each["path"] == MIX]
    assert f'class="number">{counted["affected_rows"]}</td></tr>' in run
    assert f'href="{to[1]}">answer</a>' in explorer.page("/m/SmallModel@v1")
    assert explorer.request("/a/nothing").status == 404


def test_ancestry_is_walked_card_by_card(explorer: Explorer) -> None:
    page = explorer.page(f"/s/{MIX}:125")
    assert "<b>× 9</b>" in page
    group = re.search(r'class="row-link" href="([^"]+)" data-swap="#ancestry"', page)
    assert group is not None
    opened = explorer.page(html.unescape(group[1]))
    assert "<b>× 9</b>" not in opened
    assert opened.count("<foreignObject") > page.count("<foreignObject")


def test_a_sample_is_looked_for_in_the_history_when_asked(explorer: Explorer) -> None:
    assert "appeared in" not in explorer.page(f"/s/{MIX}:70")
    page = explorer.page(f"/s/{MIX}:70?commits=all")
    assert "appeared in" in page
    assert "Mix 90 docstrings" in page


def test_samples_that_are_not_there_are_said_in_a_page(explorer: Explorer) -> None:
    assert explorer.request("/s/abcdef").status == 404
    assert explorer.request(f"/s/{MIX}:9999").status == 404
    assert explorer.request(f"/s/{MIX}:1?x=1").status == 400


def test_all_rows_that_fit_can_be_had_as_csv(explorer: Explorer) -> None:
    answered = explorer.request(f"/d/{MIX}?origin=synthetic&format=csv")
    assert answered.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answered.text.splitlines()))
    assert [int(row["row"]) for row in rows] == list(range(91, 133))
    assert {row["model"] for row in rows} == {"SmallModel@v1"}
    assert explorer.request(f"/d/{MIX}?format=xml").status == 400


def test_all_rows_that_fit_can_be_had_as_json(explorer: Explorer) -> None:
    answered = explorer.request(f"/d/{MIX}?origin=synthetic&format=json")
    assert answered.headers["content-type"] == "application/json"
    rows = json.loads(answered.text)
    assert [row["row"] for row in rows] == list(range(91, 133))
    assert {row["stage"] for row in rows} == {"answer", "revise"}
    assert json.loads(explorer.request(f"/d/{MIX}?q=nobody&format=json").text) == []


@pytest.mark.parametrize(
    ("page", "selector"),
    [
        ("/m/SmallModel@v1", "model:SmallModel@v1"),
        ("/p/ask", "prompt:ask"),
        ("/src/python%20stdlib", "source:python stdlib"),
    ],
)
def test_what_goes_back_to_something_is_counted_as_impact_does(
    explorer: Explorer, project: Project, page: str, selector: str
) -> None:
    counted = {each["path"]: each for each in project.ask("impact", selector)["datasets"]}
    text = explorer.page(page)
    assert html.escape(selector.partition(":")[2]) in text
    for path, each in counted.items():
        if each["affected_rows"]:
            assert re.search(rf'href="/d/{path}\?from=[^"]+".*?class="number">{each["affected_rows"]}</td></tr>', text)


def test_revoking_is_previewed_with_a_command_to_copy(explorer: Explorer, project: Project) -> None:
    selector = "sample:data/documents.jsonl:1"
    (mix,) = [each for each in project.ask("impact", selector)["datasets"] if each["path"] == MIX]
    assert mix["certainly_affected_rows"] <= mix["affected_rows"]
    page = explorer.page(f"/impact?selector={selector}")
    assert f"{132 - mix['affected_rows']}</td></tr>" in page
    assert f"provenance revoke {selector} --reason" in html.unescape(page)
    assert explorer.request("/impact?selector=nonsense").status == 404


def test_a_name_or_a_place_leads_to_its_page(explorer: Explorer) -> None:
    for asked, to in ((MIX, f"/d/{MIX}"), ("SmallModel@v1", "/m/SmallModel%40v1"), ("prompt:ask", "/p/ask")):
        answered = explorer.request(f"/find?q={asked}")
        assert (answered.status, answered.headers["location"]) == (303, to)
    assert explorer.request(f"/find?q={MIX}:3").headers["location"].startswith("/s/")
    nothing = explorer.request("/find?q=removes")
    assert nothing.status == 404
    assert f'href="/d/{MIX}?q=removes"' in nothing.text
    assert ">removes: neither a sample id" in nothing.text


def test_two_revisions_are_compared_as_diff_does(explorer: Explorer, project: Project) -> None:
    (found,) = project.ask("diff", "v1", "v2", MIX)["datasets"]
    page = explorer.page(f"/changes?a=v1&b=v2&dataset={MIX}")
    assert f"<dd>{found['kept']}</dd>" in page
    assert f"+{found['added']['rows']}</dd>" in page
    assert "new samples" in page and "samples gone" in page
    assert "Nothing to compare." in explorer.page(f"/changes?a=v1&b=v1&dataset={MIX}")
    assert explorer.request("/changes?dataset=nothing").status == 404


def test_what_the_same_step_made_anew_stands_side_by_side(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root, tmp_path / "repository", symlinks=True)
    copy = Project.at(tmp_path / "repository")
    script = copy.root / "answer.py"
    # Another draw: of the thirty answers some end with another word.
    script.write_text(script.read_text().replace("random.Random(8)", "random.Random(5)"))
    copy.run("dvc", "repro", "--quiet", "--force", "--single-item", "answer")
    with explored(copy.root) as running:
        page = running.page("/changes?a=v2&b=&dataset=data/answers.jsonl")
    anew = re.search(r"<dt>samples made anew</dt><dd>(\d+)", page)
    assert anew is not None and int(anew[1]) > 3
    assert re.search(r"<del>th\w+</del>", page) and re.search(r"<ins>th\w+</ins>", page)
    assert '<span class="delta add">+0</span> new samples' in page


def test_an_audit_is_begun_by_its_page_and_links_to_the_rows_that_show_it(explorer: Explorer) -> None:
    assert "Not audited yet" in explorer.page(f"/audit?dataset={MIX}")
    audit = f"/audit?dataset={MIX}&policy=baseline&policy=model-collapse"
    page, asked = "", f"{audit}&run=1"
    while "<b>The audit is running.</b>" in (page := explorer.page(asked)):
        assert '<meta http-equiv="refresh"' in page
    assert "Undecided" in page and "Many rows repeat another row" in page
    # Without being asked to run, it shows what was found.
    assert "Many rows repeat another row" in explorer.page(audit)
    (rows,) = re.findall(r'href="([^"]+rule=exact-duplicates[^"]+)"', page)
    assert "<b>12 rows</b>" in explorer.page(html.unescape(rows))
    # What a rule of lineage is about is a filter.
    assert f'href="/d/{MIX}?depth=2"' in page
    assert explorer.request(f"/d/{MIX}?rule=exact-duplicates&policy=licensing").status == 400


def test_an_audit_from_before_a_revocation_is_not_shown(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root, tmp_path / "repository", symlinks=True)
    copy = Project.at(tmp_path / "repository")
    audit = f"/audit?dataset={MIX}&policy=baseline"
    with explored(copy.root) as running:
        while "<b>The audit is running.</b>" in (page := running.page(f"{audit}&run=1")):
            pass
        assert "Some rows are revoked" not in page and "Not audited yet" not in page
        copy.provenance("revoke", "model:SmallModel", "--reason", "a test")
        assert "Not audited yet" in running.page(audit)


def test_the_first_page_shows_what_is_stale_or_new_and_what_was_mended(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root, tmp_path / "repository", symlinks=True)
    copy = Project.at(tmp_path / "repository")
    data, sidecar = (copy.root / f"data/revised.jsonl{end}" for end in ("", ".lineage.parquet"))
    whole, rows = sidecar.read_bytes(), data.read_bytes()
    with explored(copy.root) as running:
        data.unlink()
        data.write_bytes(rows + rows)
        assert "data changed since" in running.page("/")
        data.write_bytes(rows)
        sidecar.unlink()
        sidecar.write_bytes(whole[:999])
        assert "not a readable Parquet file" in running.page("/")
        sidecar.write_bytes(whole)
        assert "not a readable Parquet file" not in running.page("/")
        (copy.root / "new.jsonl").write_text('{"text": "A new row."}\n')
        added = copy.provenance("add", "new.jsonl", "--origin", "real", "--source", "us")
        assert added.code == 0, added
        assert 'href="/d/new.jsonl"' in running.page("/")


def test_an_audit_is_by_packs_alone_and_refuses_what_it_does_not_know(explorer: Explorer) -> None:
    assert explorer.request(f"/audit?dataset={MIX}&policy=/etc/passwd&run=1").status == 404
    assert explorer.request("/audit?dataset=nowhere&run=1").status == 404
    assert explorer.request(f"/audit?dataset={MIX}&more=1").status == 400
    assert explorer.request(f"/audit?dataset={MIX}&run=1", method="POST").status == 405


def test_the_index_of_a_large_revision_is_built_elsewhere(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.explorer.indexed._MOST_AT_ONCE", 10)
    copied = tmp_path / "copy"
    shutil.copytree(project.root, copied, symlinks=True)
    shutil.rmtree(copied / ".dvc/tmp/provenance/graph", ignore_errors=True)
    with explored(copied) as running:
        page = running.page("/")
        assert "The index of the workspace is being built" in page
        while "is being built" in (page := running.page("/")):
            assert 'data-wait="#main"' in page
        assert f'href="/d/{MIX}"' in page
        assert running.request("/?rev=nowhere").status == 404
