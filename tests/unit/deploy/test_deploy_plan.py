"""What is deployed, in which order, by which command; what a stack's state means; whether a kept table fits."""

import subprocess
from pathlib import Path

import pytest

from nswatch.record import table
from nswatch_cli.deploy.command import intention
from nswatch_cli.deploy.config import Config
from nswatch_cli.deploy.deploying import Standing, kind, stages
from nswatch_cli.deploy.kept import differences, import_template
from nswatch_cli.deploy.sam import Deployment, Ended
from nswatch_cli.deploy.source import read_source, release_of
from nswatch_cli.deploy.stacks import Stack

REPOSITORY = Path(__file__).parents[3]
CONFIG = Config(
    Path("samconfig.toml"),
    {
        "Regions": "us-west-2,ap-northeast-1,eu-west-1,us-east-1",
        "PrimaryHub": "ap-northeast-1",
        "StandbyHub": "eu-west-1",
        "DeadManUrl": "",
    },
)


def standing(*there: str) -> dict[str, Standing]:
    return {
        region: Standing(Stack(CONFIG.stack(region), region, status="CREATE_COMPLETE" if region in there else ""))
        for region in CONFIG.regions
    }


def test_hubs_are_made_together_and_first_when_nothing_is_there() -> None:
    assert stages(CONFIG, CONFIG.regions, standing()) == [["eu-west-1", "ap-northeast-1"], ["us-west-2", "us-east-1"]]


def test_hubs_are_changed_one_after_the_other_the_standby_first_when_they_run() -> None:
    order = stages(CONFIG, CONFIG.regions, standing(*CONFIG.regions))
    assert order == [["eu-west-1"], ["ap-northeast-1"], ["us-west-2", "us-east-1"]]


def test_only_the_chosen_regions_are_deployed() -> None:
    assert stages(CONFIG, ["us-west-2", "ap-northeast-1"], standing()) == [["ap-northeast-1"], ["us-west-2"]]
    assert [kind(region, CONFIG) for region in CONFIG.regions] == ["probes", "primary hub", "standby hub", "probes"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("CREATE_COMPLETE", ""),
        ("UPDATE_ROLLBACK_COMPLETE", ""),
        ("REVIEW_IN_PROGRESS", ""),
        ("UPDATE_IN_PROGRESS", "is being changed by somebody (UPDATE_IN_PROGRESS): wait until that is done"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name nswatch-x --region x"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name nswatch-x --region x"),
    ],
)
def test_stack_that_cannot_be_deployed_to_says_what_to_do(status: str, words: str) -> None:
    obstacle = Stack("nswatch-x", "x", status=status, reason="a bucket is not empty").obstacle()
    assert (words in obstacle) if words else not obstacle


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_stack_whose_creation_failed_is_to_be_removed(status: str) -> None:
    assert Stack("nswatch-x", "x", status=status).never_completed


def test_sam_is_told_everything_that_samconfig_would_not_say_for_one_region(tmp_path: Path) -> None:
    parameters = {"Regions": "x,y", "A": "b", "IpRangesUrl": ""}
    deployment = Deployment(tmp_path / "t.yaml", "nswatch-x", "x", parameters, None, False)
    command = deployment.command("sam", execute=False)
    assert command[:6] == ["sam", "deploy", "--template-file", str(tmp_path / "t.yaml"), "--stack-name", "nswatch-x"]
    assert {"--resolve-s3", "--no-execute-changeset", "--no-confirm-changeset"} <= set(command)
    after = command[command.index("--parameter-overrides") + 1 :]
    assert after == ["Regions=x,y", "A=b", 'IpRangesUrl=""']


def test_plan_shows_no_secret_and_says_what_else_changes() -> None:
    source = read_source(REPOSITORY)
    there = {**CONFIG.parameters, "Release": source.release, "CertificateSearchToken": "****", "CrtShUrl": "https://x"}
    wanted = {**CONFIG.parameters, "CertificateSearchToken": "abcdef123", "CrtShUrl": ""}
    stack = Stack("nswatch-x", "x", status="UPDATE_COMPLETE", parameters=there)
    said = intention(Config(Path("samconfig.toml"), wanted), source, Standing(stack))
    assert said == ("nswatch-x is updated: CrtShUrl https://x -> (none); CertificateSearchToken as in samconfig.toml")


def test_sams_error_is_the_line_that_says_so() -> None:
    output = "Deploying\nError: Failed to create changeset for the stack: x\nsome hint\n"
    assert Ended(1, output).error() == "Failed to create changeset for the stack: x"
    assert Ended(1, "").error() == "SAM said nothing"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_release_is_version_commit_and_whether_what_is_deployed_changed(tmp_path: Path) -> None:
    package = tmp_path / "layers" / "nswatch" / "nswatch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "7.8.9"\n')
    assert release_of(tmp_path) == "7.8.9"
    (tmp_path / "samconfig.toml").write_text("version = 0.1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    commit = git(tmp_path, "describe", "--always")
    (tmp_path / "samconfig.toml").write_text("version = 0.1\n# answers\n")
    assert release_of(tmp_path) == f"7.8.9+{commit}"
    (package / "new.py").write_text("")
    assert release_of(tmp_path) == f"7.8.9+{commit}-dirty"
    assert read_source(REPOSITORY).parameters["Release"].accepts(release_of(REPOSITORY))


def test_release_is_not_that_of_a_checkout_around_an_export(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "somebody else's")
    export = tmp_path / "export"
    export.mkdir()
    assert release_of(export) == "unknown"


def test_kept_table_is_adopted_as_the_template_describes_it() -> None:
    template = import_template(REPOSITORY, "watch")
    resource = template["Resources"]["Table"]
    assert (resource["Type"], resource["DeletionPolicy"]) == ("AWS::DynamoDB::Table", "Retain")
    assert resource["Properties"]["TableName"] == "watch"
    assert "Condition" not in resource
    assert differences(template, table.DEFINITION | {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}) == []


def test_kept_table_is_not_adopted_when_it_is_another_kind_of_table() -> None:
    other = {**table.DEFINITION, "GlobalSecondaryIndexes": [], "StreamSpecification": {"StreamEnabled": False}}
    found = differences(import_template(REPOSITORY, "watch"), other)
    assert found == [
        "indexes: none, not due (due_at RANGE, due_bucket HASH), open (open_severity HASH, since RANGE)",
        "stream: none, not KEYS_ONLY",
    ]
