"""`prove` and `verify --proof`: what is in a dataset, and what is not, shown to people who do not have it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Answer, Project, lines
from support.signed import DOCUMENTS, ecdsa_key, ed25519_key, signed_project, told

from provenance.attest.proof_file import checksum_of

BENCHMARK = [{"text": "short 2"}, {"text": "document 3"}, {"text": "never seen"}]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Both datasets signed; inside.json and outside.json prove something of a benchmark's rows, each beside it."""
    project = signed_project(tmp_path_factory.mktemp("proving") / "repository")
    outside = project.root.parent
    key = str(ed25519_key(outside))
    ecdsa_key(outside, "another")
    for name in ("docs", "short"):
        told(project, "sign", f"{name}.jsonl", "--key", key, "-o", f"../{name}.statement.json")
    (outside / "benchmark.jsonl").write_text(lines(BENCHMARK))
    asked = ("prove", "../benchmark.jsonl", "--dataset", "short.jsonl", "--statement", "../short.statement.json")
    told(project, *asked, "-o", "../rows.json")
    told(project, *asked, "--ancestors", "-o", "../closure.json")
    return project


@pytest.fixture
def away(made: Project, tmp_path: Path) -> Project:
    """A folder without a repository: proofs, statements and public keys alone."""
    folder = Project.at(tmp_path / "away")
    for file in made.root.parent.glob("*.*"):
        if file.is_file() and file.suffix != ".pem":
            shutil.copy(file, folder.root)
    return folder


def verify(away: Project, proof: str, *more: str, key: str = "signer.pem.pub") -> Answer:
    return away.provenance("verify", "--proof", proof, "--key", key, *more, "--json")


def said(answer: Answer, outcome: str) -> dict[str, str]:
    checks = [check for check in answer.json()["checks"] if check["outcome"] == outcome]
    return {check["what"]: check["message"] for check in reversed(checks)}


def changed(away: Project, name: str, edit: Callable[[Any], None]) -> None:
    """Change a proof file as a forger does, who gives it its checksum."""
    document = json.loads((away.root / name).read_text())
    edit(document)
    document["checksum"] = checksum_of({key: value for key, value in document.items() if key != "checksum"})
    away.write({name: json.dumps(document)})


@pytest.mark.parametrize(
    ("proof", "inside"), [("rows.json", [True, False, False]), ("closure.json", [True, True, False])]
)
def test_a_benchmarks_rows_are_proven_in_and_out(away: Project, proof: str, inside: list[bool]) -> None:
    document = json.loads((away.root / proof).read_text())
    assert [each["leaf"] is not None for each in document["proofs"]] == inside
    assert [each["row"] for each in document["proofs"]] == [1, 2, 3]
    answer = verify(away, proof, "--of", "benchmark.jsonl")
    assert answer.code == 0, answer.stdout
    assert [check["what"] for check in answer.json()["checks"]] == ["file", "signature", "root", "proofs", "rows"]
    among = "rows" if proof == "rows.json" else "rows and ancestors"
    out = 3 - sum(inside)
    counts = f"{sum(inside)} sample{'s' if sum(inside) > 1 else ''} in, {out} sample{'s' if out > 1 else ''} not in"
    assert answer.json()["subject"] == f"{counts} the {among} of short.jsonl"


def test_a_sample_by_its_id_or_place(made: Project, away: Project) -> None:
    place = made.provenance("prove", "docs.jsonl:1", "--dataset", "short.jsonl", "--ancestors").stdout
    sample = json.loads(place)["proofs"][0]["sample"]
    assert json.loads(place)["proofs"][0]["leaf"] is not None
    by_id = json.loads(made.provenance("prove", sample, "--dataset", "short.jsonl").stdout)
    assert by_id["proofs"][0]["leaf"] is None and by_id["proofs"][0]["row"] is None
    away.write({"one.json": place})
    assert verify(away, "one.json", "--statement", "short.statement.json").code == 0
    assert (
        "has no signed statement in it"
        in away.provenance("verify", "--proof", "one.json", "--key", "signer.pem.pub").stderr
    )


def another_sample(document: Any) -> None:
    document["proofs"][0]["sample"] = document["proofs"][0]["leaf"]["sample"] = "00" * 64


def another_step(document: Any) -> None:
    document["proofs"][0]["leaf"]["path"][0] = "00" * 32


def another_index(document: Any) -> None:
    document["proofs"][0]["leaf"]["index"] ^= 1


def a_wider_gap(document: Any) -> None:
    """Row 1 is inside; said to be outside, by the neighbours that it has."""
    document["proofs"][0]["leaf"] = None


def another_root(document: Any) -> None:
    document["root"] = "00" * 32


def another_size(document: Any) -> None:
    document["size"] += 1


def another_dataset(document: Any) -> None:
    document["dataset"] = "docs.jsonl"


def another_tree(document: Any) -> None:
    document["tree"] = "closure"


def another_payload(document: Any) -> None:
    text = document["statement"]["payload"]
    document["statement"]["payload"] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]


@pytest.mark.parametrize(
    ("edit", "what", "message"),
    [
        (another_sample, "proofs", "row 1: its audit path does not lead to the root that was signed"),
        (another_step, "proofs", "row 1: its audit path does not lead to the root that was signed"),
        (another_index, "proofs", "row 1: its audit path does not lead to the root that was signed"),
        (a_wider_gap, "proofs", "row 1: its neighbours do not follow one another"),
        (another_root, "root", "the proof is for the root 0000"),
        (another_size, "root", "the proof is for the root "),
        (another_dataset, "root", "the proof is about docs.jsonl, and short.jsonl was signed"),
        (another_tree, "root", "the proof is for the root "),
        (another_payload, "signature", "rows.json: not signed with SHA256:"),
    ],
)
def test_each_change_of_a_proof_is_named(away: Project, edit: Callable[[Any], None], what: str, message: str) -> None:
    changed(away, "rows.json", edit)
    answer = verify(away, "rows.json")
    assert answer.code == 1 and not answer.json()["verified"]
    assert said(answer, "failed")[what].startswith(message)


def test_every_byte_of_a_proof_file_counts(away: Project) -> None:
    """Also of what nobody signed: the file's name, the numbers of rows, and the samples that are not inside."""
    file = away.root / "rows.json"
    whole = file.read_bytes()
    document = json.loads(whole)
    places = [
        whole.index(text.encode()) for text in (document["tool"], "benchmark.jsonl", '"row": 2', document["checksum"])
    ]
    places += [whole.index(document["proofs"][2]["sample"].encode())]
    places += list(range(0, len(whole), 211))
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        answer = verify(away, "rows.json")
        assert answer.code in (1, 2), whole[place - 20 : place + 20]
        assert answer.code == 2 or said(answer, "failed"), answer
    file.write_bytes(whole)
    changed(away, "rows.json", lambda found: found.update(file="other.jsonl"))
    assert verify(away, "rows.json").code == 0
    document["remarks"] = ["all is well"]
    away.write({"rows.json": json.dumps(document)})
    assert said(verify(away, "rows.json"), "failed") == {
        "file": "changed since it was written: its checksum is another"
    }


@pytest.mark.parametrize("size", [0, 1, 500, -2])
def test_a_file_that_was_cut_off_is_told(away: Project, size: int) -> None:
    whole = (away.root / "rows.json").read_bytes()
    (away.root / "rows.json").write_bytes(whole[:size])
    answer = verify(away, "rows.json")
    assert answer.code == 2 and "rows.json: not valid JSON" in answer.stderr


def test_a_document_that_does_not_end_is_refused(away: Project) -> None:
    (away.root / "rows.json").unlink()
    (away.root / "rows.json").symlink_to("/dev/zero")
    answer = verify(away, "rows.json")
    assert answer.code == 2 and "rows.json: too large for a proof" in answer.stderr


def test_a_proof_says_nothing_more_than_is_checked(away: Project) -> None:
    changed(away, "rows.json", lambda found: found["proofs"][0].update(verified=True))
    answer = verify(away, "rows.json")
    assert answer.code == 2 and "proofs.1.verified: Extra inputs are not permitted" in answer.stderr


def test_another_key_and_the_statement_of_another_dataset(away: Project) -> None:
    answer = verify(away, "rows.json", key="another.pem.pub")
    assert answer.code == 1 and list(said(answer, "failed")) == ["signature"]
    answer = verify(away, "rows.json", "--statement", "docs.statement.json")
    assert answer.code == 1
    assert said(answer, "failed") == {"root": "the proof is about short.jsonl, and docs.jsonl was signed"}
    assert list(said(answer, "not checked")) == ["proofs"]


def test_a_proof_of_other_rows_than_the_files(away: Project) -> None:
    away.write({"benchmark.jsonl": lines([BENCHMARK[0], {"text": "another"}])})
    answer = verify(away, "rows.json", "--of", "benchmark.jsonl")
    assert answer.code == 1
    failed = [check["message"] for check in answer.json()["checks"] if check["outcome"] == "failed"]
    assert failed == [
        "row 2 of benchmark.jsonl is another sample than the proof is about",
        "benchmark.jsonl has 2 rows, and the proof is about 3 samples",
    ]


def test_a_file_with_other_content_fields_is_remarked_upon(made: Project, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(lines([{"text": "short 2", "answer": "yes"}]))
    answer = made.provenance("prove", str(file), "--dataset", "short.jsonl")
    assert json.loads(answer.stdout)["proofs"][0]["leaf"] is None
    assert answer.stderr.startswith("warning: the file's content fields are answer, text, those of the dataset text: ")


def test_what_cannot_be_proven_is_refused(made: Project, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(lines([{"text": str(number)} for number in range(10_001)]))
    assert "more than 10,000 rows" in made.refusal("prove", str(many), "--dataset", "short.jsonl")
    (tmp_path / "none.jsonl").write_text("")
    assert "it has no rows" in made.refusal("prove", str(tmp_path / "none.jsonl"), "--dataset", "short.jsonl")
    wrong = ("prove", "docs.jsonl:1", "--dataset", "short.jsonl", "--statement", "../docs.statement.json")
    assert "is about docs.jsonl, not about short.jsonl" in made.refusal(*wrong)


def test_gc_removes_the_trees_of_sidecars_that_are_gone(tmp_path: Path) -> None:
    project = signed_project(tmp_path / "repository")
    told(project, "prove", "docs.jsonl:1", "--dataset", "docs.jsonl", "-o", "proof.json")
    trees = project.root / ".dvc/tmp/provenance/trees"
    (kept,) = trees.iterdir()
    other = trees / f"{'0' * 32}-rows.json"
    other.write_text("{}")
    told(project, "index", "--gc")
    assert list(trees.iterdir()) == [kept]


def test_ids_that_withstand_no_adversary_are_refused(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"docs.jsonl": lines(DOCUMENTS)})
    told(project, "add", "docs.jsonl", "--origin", "real", "--source", "library")
    refused = project.refusal("prove", "docs.jsonl:1", "--dataset", "docs.jsonl")
    assert "its ids are xxh3_128 digests" in refused and "`digest: blake2b`" in refused


def test_a_statement_of_another_state_is_refused(tmp_path: Path) -> None:
    project = signed_project(tmp_path / "repository")
    key = str(ed25519_key(tmp_path))
    told(project, "sign", "docs.jsonl", "--key", key, "-o", "docs.statement.json")
    project.write({"docs.jsonl": lines(DOCUMENTS[:5])})
    told(project, "add", "docs.jsonl", "--origin", "real", "--source", "library")
    asked = ("prove", "docs.jsonl:1", "--dataset", "docs.jsonl", "--statement", "docs.statement.json")
    assert "was signed for another state of docs.jsonl" in project.refusal(*asked)
    told(project, *asked, "--rev", "HEAD", "-o", "old.json")
