"""`sign` and `verify --statement`: what is changed afterwards is noticed, and each thing says so in its own words."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Answer, Project
from support.signed import KINDS, ecdsa_key, ed25519_key, key_of, signed_project, ssh_key, told

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
KEYS = [kind if not kind.startswith("ssh") else pytest.param(kind, marks=needs_ssh_keygen) for kind in KINDS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with verdict.json on short.jsonl; both are signed with signer.pem, beside the repository."""
    project = signed_project(tmp_path_factory.mktemp("attesting") / "repository")
    told(project, "audit", "short.jsonl", "--policy", "policy.yaml", "--verdict", "verdict.json")
    key = str(ed25519_key(project.root.parent))
    told(project, "sign", "short.jsonl", "--key", key, "-o", "short.statement.json")
    told(project, "sign", "verdict.json", "--key", key, "-o", "verdict.statement.json")
    ecdsa_key(project.root.parent, "another")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    copied = made.copied(tmp_path / "repository")
    for file in made.root.parent.glob("*.pem*"):
        shutil.copy(file, tmp_path)
    return copied


def verify(project: Project, statement: str = "short.statement.json", key: str = "signer.pem.pub") -> Answer:
    return project.provenance("verify", "--statement", statement, "--key", f"../{key}", "--json")


def said(answer: Answer, outcome: str) -> dict[str, str]:
    """The first of what checks with this outcome say, by what was checked."""
    checks = [check for check in answer.json()["checks"] if check["outcome"] == outcome]
    return {check["what"]: check["message"] for check in reversed(checks)}


def payload(project: Project, name: str = "short.statement.json") -> Any:
    return json.loads(b64decode(json.loads((project.root / name).read_text())["payload"]))


def test_what_was_signed_is_verified(made: Project) -> None:
    for name, checks in (
        ("short", ["signature", "data", "sidecar", "rows", "closure", "roots"]),
        ("verdict", ["signature", "verdict", "policy", "inputs", "recomputed"]),
    ):
        answer = verify(made, f"{name}.statement.json")
        assert answer.code == 0 and answer.json()["verified"], answer.stdout
        assert [check["what"] for check in answer.json()["checks"]] == checks
    text = made.provenance("verify", "--statement", "short.statement.json", "--key", "../signer.pem.pub").stdout
    assert text.startswith(
        "short.statement.json (dataset short.jsonl): verified\n  ok           signature: made with SHA"
    )


def test_the_statement_is_in_totos_and_names_data_and_sidecar(made: Project) -> None:
    Statement = pytest.importorskip("in_toto_attestation.v1.statement").Statement  # noqa: N806 - a class

    document = payload(made)
    Statement.copy_from_pb(_parsed(document)).validate()
    assert [subject["name"] for subject in document["subject"]] == ["short.jsonl", "short.jsonl.lineage.parquet"]
    assert all(set(subject["digest"]) == {"sha256", "md5"} for subject in document["subject"])
    assert document["predicate"]["trees"]["rows"]["size"] == 4
    assert document["predicate"]["trees"]["closure"]["size"] == 8
    named = [subject["name"] for subject in payload(made, "verdict.statement.json")["subject"]]
    policies = ["policy policy.yaml", "policy company.yaml", "policy baseline"]
    assert named == ["verdict.json", *policies, "short.jsonl", "sidecar of short.jsonl"]


def _parsed(document: Any) -> Any:
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2

    return json_format.ParseDict(document, statement_pb2.Statement())


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_of_key_signs_and_checks(kind: str, project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    key = KINDS[kind](folder)
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "new.json")
    answer = project.provenance("verify", "--statement", "new.json", "--key", str(key_of(key)), "--json")
    assert answer.code == 0, answer.stdout
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "again.json")
    assert payload(project, "new.json") == payload(project, "again.json") == payload(project)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_openssl_accepts_the_signature(kind: str, project: Project, tmp_path: Path) -> None:
    """An implementation of its own, over what the standard says is signed, put together here."""
    (tmp_path / "keys").mkdir()
    key = KINDS[kind](tmp_path / "keys")
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "new.json")
    document = json.loads((project.root / "new.json").read_text())
    content, name = b64decode(document["payload"]), document["payloadType"].encode()
    project.write(
        {
            "signed": b" ".join([b"DSSEv1", str(len(name)).encode(), name, str(len(content)).encode(), content]),
            "signature": b64decode(document["signatures"][0]["sig"]),
        }
    )
    asked = ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key_of(key)), "-rawin", "-in", "signed")
    hashed = ("-digest", "sha256") if kind == "ecdsa" else ()
    assert "Verified Successfully" in project.run(*asked, *hashed, "-sigfile", "signature").stdout


def change(file: Path, at: int = -1) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.unlink()
    file.write_bytes(content)


def change_the_data(project: Project) -> None:
    change(project.root / "short.jsonl", at=12)


def change_a_page_of_the_sidecar(project: Project) -> None:
    change(project.root / "short.jsonl.lineage.parquet", at=40)


def change_the_footer_of_the_sidecar(project: Project) -> None:
    change(project.root / "short.jsonl.lineage.parquet", at=-1)


def envelope(project: Project, edit: Callable[[Any], None], name: str = "short.statement.json") -> None:
    document = json.loads((project.root / name).read_text())
    edit(document)
    project.write({name: json.dumps(document)})


def restate(project: Project, edit: Callable[[Any], None]) -> None:
    """Change what is signed, and leave the signature."""

    def change(document: Any) -> None:
        statement = json.loads(b64decode(document["payload"]))
        edit(statement)
        document["payload"] = b64encode(json.dumps(statement).encode()).decode()

    envelope(project, change)


def change_the_root(project: Project) -> None:
    restate(project, lambda statement: statement["predicate"]["trees"]["rows"].update(root="0" * 64))


def change_a_digest(project: Project) -> None:
    restate(project, lambda statement: statement["subject"][0]["digest"].update(sha256="0" * 64))


def change_the_signature(project: Project) -> None:
    def edit(document: Any) -> None:
        signature = bytearray(b64decode(document["signatures"][0]["sig"]))
        signature[5] ^= 1
        document["signatures"][0]["sig"] = b64encode(signature).decode()

    envelope(project, edit)


def change_the_type(project: Project) -> None:
    envelope(project, lambda document: document.update(payloadType="application/json"))


def take_the_signature_away(project: Project) -> None:
    envelope(project, lambda document: document.update(signatures=[]))


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (change_the_data, {"data": "short.jsonl: its sha256 is ", "rows": "short.jsonl:1: its sample "}),
        (change_a_page_of_the_sidecar, {"sidecar": "short.jsonl.lineage.parquet: its sha256 is "}),
        (change_the_footer_of_the_sidecar, {"sidecar": "short.jsonl.lineage.parquet: its sha256 is "}),
        (change_the_root, {"signature": "short.statement.json: not signed with SHA256:"}),
        (change_a_digest, {"signature": "short.statement.json: not signed with SHA256:"}),
        (change_the_signature, {"signature": "short.statement.json: not signed with SHA256:"}),
        (change_the_type, {"signature": "short.statement.json: not signed with SHA256:"}),
        (take_the_signature_away, {"signature": "short.statement.json: not signed with SHA256:"}),
    ],
)
def test_what_was_changed_is_named(project: Project, change: Callable[[Project], None], failed: dict[str, str]) -> None:
    change(project)
    answer = verify(project)
    assert answer.code == 1 and not answer.json()["verified"]
    messages = said(answer, "failed")
    for what, beginning in failed.items():
        assert messages[what].startswith(beginning)
    text = project.provenance("verify", "--statement", "short.statement.json", "--key", "../signer.pem.pub")
    assert text.code == 1 and ": NOT VERIFIED\n" in text.stdout
    assert not {"signature", "data"} <= set(messages), "of what is not signed nothing is believed"


def test_another_key_has_not_signed_it(project: Project) -> None:
    answer = verify(project, key="another.pem.pub")
    assert answer.code == 1
    assert list(said(answer, "failed")) == ["signature"]
    assert set(said(answer, "not checked")) == {"subjects", "predicate"}


def test_every_byte_of_payload_and_signature_counts(made: Project) -> None:
    from provenance.attest.keys import read_public
    from provenance.attest.statement import signed_statement
    from provenance.errors import ProvenanceError

    document = json.loads((made.root / "short.statement.json").read_text())
    keys = [read_public(made.root.parent / "signer.pem.pub")]
    signed_statement(document, keys, "it")
    (signature,) = document["signatures"]
    for place in range(0, len(document["payload"]), 7):
        with pytest.raises(ProvenanceError):
            signed_statement(document | {"payload": _with_another(document["payload"], place)}, keys, "it")
    for place in range(len(signature["sig"])):
        with pytest.raises(ProvenanceError):
            signed_statement(document | {"signatures": [{"sig": _with_another(signature["sig"], place)}]}, keys, "it")


def _with_another(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def test_a_statement_about_another_state_of_the_dataset_fails(project: Project) -> None:
    rows = (project.root / "rows.txt").read_text().splitlines(keepends=True)
    project.write({"rows.txt": "".join(rows[:3])})
    project.run("dvc", "repro", "--quiet", "--force")
    answer = verify(project)
    assert answer.code == 1
    failed = said(answer, "failed")
    assert set(failed) == {"data", "sidecar", "roots"}
    assert failed["roots"].startswith("the root of rows is ") or failed["roots"].startswith("the root of closure is ")


def test_what_is_not_here_is_not_checked_and_not_verified(project: Project) -> None:
    for name in ("short.jsonl", "docs.jsonl"):
        (project.root / name).unlink()
    shutil.rmtree(project.root / ".dvc/cache")
    answer = project.provenance("verify", "--statement", "short.statement.json", "--key", "../signer.pem.pub")
    assert answer.code == 2
    assert "NOT VERIFIED" in answer.stdout
    assert "  not checked  data: short.jsonl: its data is not here" in answer.stdout
    assert "  ok           sidecar: as it was signed" in answer.stdout


def test_a_sidecar_that_does_not_tell_the_truth_is_not_signed(project: Project) -> None:
    change_the_data(project)
    refused = project.refusal("sign", "short.jsonl", "--key", "../signer.pem")
    assert "short.jsonl" in refused


def test_ids_that_withstand_no_adversary_have_no_roots(tmp_path: Path) -> None:
    project = signed_project(tmp_path / "repository", digest="xxh3_128")
    key = ed25519_key(tmp_path)
    answer = project.provenance("sign", "docs.jsonl", "--key", str(key), "-o", "docs.json")
    assert answer.code == 0
    assert answer.stderr.startswith("warning: docs.jsonl: signed without roots: its ids are xxh3_128 digests")
    predicate = payload(project, "docs.json")["predicate"]
    assert "trees" not in predicate and "digest: blake2b" in predicate["withoutTrees"]
    checked = project.provenance("verify", "--statement", "docs.json", "--key", str(key_of(key)))
    assert checked.code == 0
    assert "  ok           roots: none were signed: its ids are xxh3_128 digests" in checked.stdout


def test_a_directory_is_signed_file_by_file(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"provenance.yaml": "version: 1\ndigest: sha256\n", "texts/a.txt": "one", "texts/b/c.txt": "two"})
    told(project, "add", "texts", "--origin", "real", "--source", "library")
    key = ed25519_key(tmp_path)
    told(project, "sign", "texts", "--key", str(key), "-o", "texts.json")
    names = [subject["name"] for subject in payload(project, "texts.json")["subject"]]
    assert names == ["texts/a.txt", "texts/b/c.txt", "texts.lineage.parquet"]
    (project.root / "texts/a.txt").unlink()
    project.write({"texts/a.txt": "ONE", "texts/new.txt": "three"})
    answer = project.provenance("verify", "--statement", "texts.json", "--key", str(key_of(key)), "--json")
    assert answer.code == 1
    failed = [check["message"] for check in answer.json()["checks"] if check["what"] == "data"]
    assert failed[0].startswith("texts/a.txt: its sha256 is ")
    assert failed[1] == "texts/new.txt: is here, and was not signed"


def test_a_dataset_is_signed_at_a_revision(project: Project) -> None:
    told(project, "sign", "short.jsonl", "--rev", "HEAD", "--key", "../signer.pem", "-o", "old.json")
    change_the_data(project)
    arguments = ("verify", "--statement", "old.json", "--key", "../signer.pem.pub")
    assert project.provenance(*arguments, "--rev", "HEAD").code == 0
    assert project.provenance(*arguments).code == 1


# Verdicts


def verdict_with(project: Project, edit: Callable[[Any], None]) -> None:
    document = json.loads((project.root / "verdict.json").read_text())
    edit(document)
    project.write({"verdict.json": json.dumps(document)})


def take_a_rule_out(project: Project) -> None:
    """Of the verdict, such that its own digest fits again."""
    from provenance.attest.verdict_file import VerdictFile
    from provenance.auditing.policy.rules import Policy

    def edit(document: Any) -> None:
        document["policy"]["rules"] = [rule for rule in document["policy"]["rules"] if rule["id"] != "most"]
        document["findings"] = [finding for finding in document["findings"] if finding["rule"] != "most"]
        kept = VerdictFile.model_validate(document).policy
        document["policy"]["digest"] = Policy(kept.sources, kept.rules, kept.waive, kept.unknown).digest

    verdict_with(project, edit)


def test_a_verdict_with_a_rule_taken_out_is_neither_verified_nor_signed(project: Project) -> None:
    take_a_rule_out(project)
    answer = verify(project, "verdict.statement.json")
    assert answer.code == 1
    assert said(answer, "failed")["verdict"].startswith("verdict.json: its sha256 is ")
    assert "the verdict does not hold (the policy: " in project.refusal(
        "sign", "verdict.json", "--key", "../signer.pem"
    )
    assert project.provenance("audit", "--recheck", "verdict.json").code == 1


def test_it_does_not_pass_where_the_policy_of_that_name_is_not_here(project: Project) -> None:
    take_a_rule_out(project)
    (project.root / "policy.yaml").unlink()
    answer = project.provenance("audit", "--recheck", "verdict.json")
    assert answer.code == 1
    assert "holds as recorded, but was NOT RECOMPUTED by the policy itself" in answer.stdout
    found = project.provenance("audit", "--recheck", "verdict.json", "--json").json()
    assert (found["holds"], found["recomputed"]) == (True, False)
    assert "not all of it can be recomputed" in project.refusal("sign", "verdict.json", "--key", "../signer.pem")


@pytest.mark.parametrize("name", ["policy.yaml", "company.yaml"])
def test_the_policys_own_bytes_decide(project: Project, name: str) -> None:
    """Even where the rules come to the same: a comment is a change of what was signed."""
    project.write({name: (project.root / name).read_text() + "# lenient\n"})
    answer = verify(project, "verdict.statement.json")
    assert answer.code == 1
    failed = said(answer, "failed")
    assert list(failed) == ["policy"] and failed["policy"].startswith(f"policy {name}: its sha256 is ")


def test_a_policy_that_is_gone_leaves_the_verdict_as_recorded(project: Project) -> None:
    (project.root / "policy.yaml").unlink()
    answer = project.provenance("verify", "--statement", "verdict.statement.json", "--key", "../signer.pem.pub")
    assert answer.code == 2
    assert "NOT VERIFIED" in answer.stdout
    assert "  not checked  recomputed: as recorded only: policy.yaml is not in this repository" in answer.stdout


def test_a_verdict_whose_data_has_changed_is_not_verified(project: Project) -> None:
    change_the_data(project)
    answer = verify(project, "verdict.statement.json")
    assert answer.code == 1
    assert "recomputed" in said(answer, "failed")


# Keys


@needs_ssh_keygen
def test_allowed_signers(project: Project, tmp_path: Path) -> None:
    key = ssh_key(tmp_path)
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "ssh.json")
    public = key_of(key).read_text()
    project.write({"allowed": f"# ours\nboss@example.org,signer@* {public}"})

    def asked(signer: str) -> Answer:
        arguments = ("--allowed-signers", "allowed", "--signer", signer)
        return project.provenance("verify", "--statement", "ssh.json", *arguments)

    assert asked("signer@example.org").code == 0
    assert "allowed: no key with which eve@example.org may sign" in asked("eve@example.org").stderr
    project.write({"allowed": f"signer@example.org valid-before=20200101 {public}"})
    assert "line 1: it is not valid any more" in asked("signer@example.org").stderr
    another = key_of(ssh_key(tmp_path, "another")).read_text()
    project.write({"allowed": f"signer@example.org {another}"})
    assert asked("signer@example.org").code == 1


@needs_ssh_keygen
def test_a_passphrase_is_asked_for_on_the_terminal_alone(project: Project, tmp_path: Path) -> None:
    key = ssh_key(tmp_path, "secret", "ed25519", "correct horse")
    command = ("sign", "short.jsonl", "--key", str(key), "-o", "secret.json")
    assert "encrypted, and there is no terminal" in project.refusal(*command)
    assert _on_a_terminal(project, command, "wrong horse") == 2
    assert not (project.root / "secret.json").exists()
    assert _on_a_terminal(project, command, "correct horse") == 0
    assert project.provenance("verify", "--statement", "secret.json", "--key", str(key_of(key))).code == 0


def _on_a_terminal(project: Project, command: tuple[str, ...], typed: str) -> int:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project.root)
        os.execve(sys.executable, [sys.executable, "-m", "provenance", *command], dict(project.environment))  # noqa: S606
    seen, answered = b"", False
    while True:
        try:
            seen += os.read(terminal, 1024)
        except OSError:
            break
        if b"Passphrase of " in seen and not answered:
            os.write(terminal, f"{typed}\n".encode())
            answered = True
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert typed.encode() not in seen
    return os.waitstatus_to_exitcode(status)


def test_keys_of_other_kinds_and_none_are_refused_in_one_line(project: Project, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        return project.refusal(*arguments)

    statement = ("verify", "--statement", "short.statement.json")
    assert "a private key, which is for `provenance sign`" in refused(*statement, "--key", "../signer.pem")
    assert "not a private key" in refused("sign", "short.jsonl", "--key", "../signer.pem.pub")
    assert "cannot be read" in refused("sign", "short.jsonl", "--key", "nowhere.pem")
    if shutil.which("ssh-keygen"):
        rsa = ssh_key(tmp_path, "rsa", kind="rsa")
        assert "of a kind that is not used here" in refused("sign", "short.jsonl", "--key", str(rsa))
        assert "of a kind that is not used here" in refused(*statement, "--key", str(key_of(rsa)))
    project.write({"nothing.json": "{}", "no.json": "[", "twice.json": '{"payload": "", "payload": ""}'})
    for name in ("nothing.json", "no.json", "twice.json"):
        answer = project.provenance("verify", "--statement", name, "--key", "../signer.pem.pub")
        assert answer.code == 2 and answer.stderr.startswith(f"error: {name}: ")
