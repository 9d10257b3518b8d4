"""`sign --keyless` and `verify --identity`: by Sigstore's own client, with services of its protocol on this machine."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.project import Answer, Project
from support.signed import ed25519_key, key_of, signed_project, told
from support.sigstore_services import IDENTITY, ISSUER, Services

TOKENS = ("SIGSTORE_IDENTITY_TOKEN", "SIGSTORE_ID_TOKEN")
TRUST = ("--trust-config", "../trust.json")
SIGN = ("sign", "short.jsonl", "--keyless", *TRUST, "-o", "new.json")


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine counts: neither tokens, nor the CI that this may run in, nor what Sigstore keeps."""
    for name in (*TOKENS, "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with Services().running() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, services: Services) -> Project:
    """The project with short.sigstore.json and verdict.sigstore.json; the trust configuration is beside it."""
    project = signed_project(tmp_path_factory.mktemp("keyless") / "repository")
    told(project, "audit", "short.jsonl", "--policy", "policy.yaml", "--verdict", "verdict.json")
    services.trust_config(project.root.parent / "trust.json")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(TOKENS[0], services.token())
        told(project, "sign", "short.jsonl", "--keyless", *TRUST, "-o", "short.sigstore.json")
        told(project, "sign", "verdict.json", "--keyless", *TRUST, "-o", "verdict.sigstore.json")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    copied = made.copied(tmp_path / "repository")
    shutil.copy(made.root.parent / "trust.json", tmp_path)
    return copied


def verify(
    project: Project,
    statement: str = "short.sigstore.json",
    identity: str = IDENTITY,
    issuer: str = ISSUER,
    trust: tuple[str, ...] = TRUST,
) -> Answer:
    who = ("--identity", identity, "--issuer", issuer)
    return project.provenance("verify", "--statement", statement, *who, *trust, "--json")


def why_not(answer: Answer) -> str:
    """Why the signature failed, which is all that was looked at."""
    document = answer.json()
    assert answer.code == 1 and not document["verified"] and document["subject"] is None
    assert answer.stderr == ""
    signature, *others = document["checks"]
    assert (signature["what"], signature["outcome"]) == ("signature", "failed")
    assert {check["outcome"] for check in others} == {"not checked"}
    assert len(signature["message"].splitlines()) == 1
    return str(signature["message"])


def statement_in(project: Project, name: str = "short.sigstore.json") -> Any:
    return json.loads(b64decode(json.loads((project.root / name).read_text())["dsseEnvelope"]["payload"]))


def test_what_an_identity_signed_is_verified(made: Project) -> None:
    for name, checks in (
        ("short", ["signature", "data", "sidecar", "rows", "closure", "roots"]),
        ("verdict", ["signature", "verdict", "policy", "inputs", "recomputed"]),
    ):
        answer = verify(made, f"{name}.sigstore.json")
        assert answer.code == 0 and answer.json()["verified"], answer
        assert [check["what"] for check in answer.json()["checks"]] == checks
        assert answer.json()["checks"][0]["message"] == f"made by {IDENTITY} (issuer {ISSUER})"
        assert answer.stderr == ""


def test_the_statement_is_the_one_of_a_key_but_for_weak_digests(project: Project) -> None:
    key = ed25519_key(project.root.parent)
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "with_key.json")
    by_key = json.loads(b64decode(json.loads((project.root / "with_key.json").read_text())["payload"]))
    for subject in by_key["subject"]:
        del subject["digest"]["md5"]
    assert statement_in(project) == by_key


def test_sigstores_own_command_line_accepts_the_bundle(made: Project) -> None:
    digest = statement_in(made)["subject"][0]["digest"]["sha256"]
    command = ("python", "-m", "sigstore", "--trust-config", "../trust.json", "verify", "identity")
    who = ("--cert-identity", IDENTITY, "--cert-oidc-issuer", ISSUER, "--bundle", "short.sigstore.json")
    assert "OK" in made.run(*command, *who, f"sha256:{digest}").stderr


def test_urls_are_identities_too_and_say_so(
    project: Project, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = "https://ci.example.org/team/flow.yaml@refs/heads/main"
    monkeypatch.setenv(TOKENS[1], services.token(workflow, "https://ci.example.org"))
    signed = project.ask(*SIGN)
    assert (signed["signed_with"], signed["issuer"]) == (workflow, "https://ci.example.org")
    assert verify(project, "new.json", workflow, "https://ci.example.org").code == 0
    assert "SANs do not match" in why_not(verify(project, "new.json", IDENTITY, "https://ci.example.org"))


# Who has not signed


@pytest.mark.parametrize(
    ("identity", "issuer", "said"),
    [
        ("eve@example.org", ISSUER, "SANs do not match eve@example.org"),
        ("signer@example.or", ISSUER, "SANs do not match"),
        (IDENTITY, "https://evil.example.org", "OIDCIssuer does not match"),
    ],
)
def test_nobody_else_is_taken_for_the_signer(made: Project, identity: str, issuer: str, said: str) -> None:
    assert said in why_not(verify(made, identity=identity, issuer=issuer))


@pytest.mark.parametrize(
    "who",
    [
        ("--identity", IDENTITY),
        ("--issuer", ISSUER),
        ("--identity", "", "--issuer", ISSUER),
        ("--identity", IDENTITY, "--issuer", ""),
        ("--trust-config", "../trust.json"),
        (),
    ],
)
def test_without_a_named_signer_nothing_is_verified(made: Project, who: tuple[str, ...]) -> None:
    answer = made.provenance("verify", "--statement", "short.sigstore.json", *who)
    assert answer.code == 2 and answer.stdout == "" and "name" in answer.stderr


def test_the_services_of_others_are_not_believed(project: Project, services: Services) -> None:
    folder = project.root.parent
    with Services().running() as foreign:
        foreign.trust_config(folder / "foreign.json")
    others = {
        "certificate chain": replace(services, authority=foreign.authority),
        "SCT": replace(services, certificate_log=foreign.certificate_log),
        "invalid log entry": replace(services, log=foreign.log),
    }
    for said, other in others.items():
        other.trust_config(folder / "other.json")
        assert said in why_not(verify(project, trust=("--trust-config", "../other.json")))
    assert "certificate chain" in why_not(verify(project, trust=("--trust-config", "../foreign.json")))
    assert "certificate chain" in why_not(verify(project, trust=())), "Sigstore's public root"


def test_a_certificate_that_had_expired_is_not_enough(
    project: Project, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKENS[0], services.token())
    monkeypatch.setattr(services, "late", timedelta(hours=1))
    told(project, *SIGN)
    assert "certificate chain" in why_not(verify(project, "new.json"))


# What was changed


def bundle(project: Project, edit: Callable[[Any], Any]) -> None:
    document = json.loads((project.root / "short.sigstore.json").read_text())
    edit(document)
    project.write({"short.sigstore.json": json.dumps(document)})


def flipped(text: str) -> str:
    content = bytearray(b64decode(text))
    content[-1] ^= 1
    return b64encode(content).decode()


def change_the_statement(document: Any) -> None:
    statement = json.loads(b64decode(document["dsseEnvelope"]["payload"]))
    statement["subject"][0]["digest"]["sha256"] = "0" * 64
    document["dsseEnvelope"]["payload"] = b64encode(json.dumps(statement).encode()).decode()


def change_the_signature(document: Any) -> None:
    signature = document["dsseEnvelope"]["signatures"][0]
    signature["sig"] = flipped(signature["sig"])


def change_the_type(document: Any) -> None:
    document["dsseEnvelope"]["payloadType"] = "application/json"


def take_the_entry_away(document: Any) -> None:
    document["verificationMaterial"]["tlogEntries"] = []


def entry_of(document: Any) -> Any:
    return document["verificationMaterial"]["tlogEntries"][0]


def take_the_promise_away(document: Any) -> None:
    del entry_of(document)["inclusionPromise"]


def take_the_proof_away(document: Any) -> None:
    del entry_of(document)["inclusionProof"]


def change_the_root(document: Any) -> None:
    proof = entry_of(document)["inclusionProof"]
    proof["rootHash"] = flipped(proof["rootHash"])


def change_the_time(document: Any) -> None:
    entry_of(document)["integratedTime"] = str(int(entry_of(document)["integratedTime"]) + 1)


def change_the_entry(document: Any) -> None:
    entry = entry_of(document)
    body = json.loads(b64decode(entry["canonicalizedBody"]))
    body["spec"]["payloadHash"]["value"] = "0" * 64
    entry["canonicalizedBody"] = b64encode(json.dumps(body).encode()).decode()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (change_the_statement, "DSSE: invalid signature"),
        (change_the_signature, "DSSE: invalid signature"),
        (change_the_type, "DSSE: invalid signature"),
        (take_the_entry_away, "expected exactly one log entry"),
        (take_the_promise_away, "must contain an inclusion promise or signed timestamp"),
        (take_the_proof_away, "tlogEntries.0.inclusionProof Field required"),
        (change_the_root, "invalid log entry"),
        (change_the_time, "invalid log entry: SET"),
        (change_the_entry, "invalid log entry"),
    ],
)
def test_what_was_changed_is_not_verified(project: Project, edit: Callable[[Any], None], said: str) -> None:
    bundle(project, edit)
    message = why_not(verify(project))
    assert message.startswith("short.sigstore.json: not signed by ") and said in message


def test_the_entry_of_another_statement_is_not_enough(project: Project) -> None:
    other = entry_of(json.loads((project.root / "verdict.sigstore.json").read_text()))
    bundle(project, lambda document: document["verificationMaterial"].update(tlogEntries=[other]))
    assert "log entry payload hash does not match" in why_not(verify(project))


def test_data_that_was_changed_is_named(project: Project) -> None:
    file = project.root / "short.jsonl"
    content = file.read_bytes().replace(b"short 1", b"short 7")
    file.unlink()
    file.write_bytes(content)
    answer = verify(project)
    failed = [check for check in answer.json()["checks"] if check["outcome"] == "failed"]
    assert answer.code == 1 and failed[0]["message"].startswith("short.jsonl: its sha256 is ")


# What is refused, in one line


def test_an_envelope_is_no_bundle_and_a_bundle_no_envelope(project: Project) -> None:
    key = ed25519_key(project.root.parent)
    told(project, "sign", "short.jsonl", "--key", str(key), "-o", "with_key.json")
    who = ("--identity", IDENTITY, "--issuer", ISSUER, *TRUST)
    stated = ("verify", "--statement")
    assert "with_key.json: not a Sigstore bundle" in project.refusal(*stated, "with_key.json", *who)
    by_key = ("--key", str(key_of(key)))
    assert "a Sigstore bundle, which" in project.refusal(*stated, "short.sigstore.json", *by_key)
    dataset = ("prove", "short.jsonl:1", "--dataset", "short.jsonl")
    assert "a Sigstore bundle, which" in project.refusal(
        *dataset, "--statement", "short.sigstore.json", "-o", "proof.json"
    )
    told(project, *dataset, "-o", "proof.json")
    answer = project.provenance("verify", "--proof", "proof.json", "--statement", "short.sigstore.json", *who)
    assert answer.code == 2 and "without a --proof" in " ".join(answer.stderr.split())


def test_signing_is_refused_without_a_token_that_is_valid(
    project: Project, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no identity token" in project.refusal(*SIGN)
    for token in ("nonsense", services.token(exp=1), services.token(aud="somebody")):
        monkeypatch.setenv(TOKENS[0], token)
        said = project.refusal(*SIGN)
        assert "the identity token cannot be used" in said and token not in said


def test_services_that_refuse_or_are_not_there_are_named(
    project: Project, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = Services().token()
    monkeypatch.setenv(TOKENS[0], forged)
    said = project.refusal(*SIGN)
    assert "Sigstore's services did not sign: " in said and "400" in said and forged not in said
    monkeypatch.setenv(TOKENS[0], services.token())
    replace(services, url="http://127.0.0.1:9").trust_config(project.root.parent / "gone.json")
    gone = ("sign", "short.jsonl", "--keyless", "--trust-config", "../gone.json", "-o", "new.json")
    assert "Sigstore's services did not sign: " in project.refusal(*gone)


def test_what_is_no_trust_configuration_is_refused(project: Project, services: Services) -> None:
    project.write({"no.json": "{", "bytes.json": b"\xff"})
    who = ("--identity", IDENTITY, "--issuer", ISSUER)
    for name in ("no.json", "bytes.json", "short.sigstore.json"):
        stated = ("verify", "--statement", "short.sigstore.json", *who, "--trust-config", name)
        assert f"{name}: not a client trust configuration" in project.refusal(*stated)
    assert "cannot be read" in project.refusal(
        "verify", "--statement", "short.sigstore.json", *who, "--trust-config", "nowhere.json"
    )
    services.trust_config(project.root.parent / "empty.json", certificateAuthorities=[])
    assert "not found in trusted root" in why_not(verify(project, trust=("--trust-config", "../empty.json")))


@pytest.mark.parametrize("how", [(), ("--key", "../signer.pem", "--keyless"), ("--key", "a", "--trust-config", "b")])
def test_one_way_to_sign_is_named(made: Project, how: tuple[str, ...]) -> None:
    answer = made.provenance("sign", "short.jsonl", *how)
    assert answer.code == 2 and answer.stdout == ""
