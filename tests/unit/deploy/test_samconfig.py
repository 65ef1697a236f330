"""samconfig.toml: read strictly, asked for what it lacks, and written back with its comments."""

from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nswatch.errors import InvalidDocument
from nswatch_cli.deploy import answers
from nswatch_cli.deploy.config import Config, check_config, read_config
from nswatch_cli.deploy.source import Parameter, Source, read_source
from nswatch_cli.main import cli

REPOSITORY = Path(__file__).parents[3]
REGION = Parameter("ap-northeast-1", "^[a-z]{2}(-[a-z]+)+-[0-9]$", hint="the name of an AWS region")
SOURCE = Source(
    Path("src"),
    {
        "PrimaryHub": REGION,
        "StandbyHub": Parameter("eu-west-1", REGION.pattern, hint=REGION.hint),
        "Regions": Parameter(
            "ap-northeast-1,eu-west-1,us-west-2", REGION.pattern, hint="names of AWS regions", type="CommaDelimitedList"
        ),
        "Architecture": Parameter("arm64", allowed=("arm64", "x86_64")),
        "DeadManUrl": Parameter("", "^(https?://.+)?$", hint="a URL"),
    },
    "0.1.0",
)
AT = "samconfig.toml: default.deploy.parameters.parameter_overrides"
OURS = "samconfig.toml: default.nswatch.parameters"


def config_of(text: str) -> Config:
    """Read and check a text as samconfig.toml, here."""
    path = Path("samconfig.toml")
    path.write_text(text, "utf-8")
    config = read_config(path)
    check_config(config, SOURCE)
    return config


def overrides(*entries: str) -> str:
    return f"[default.deploy.parameters]\nparameter_overrides = {list(entries)!r}\n"


def where(
    regions: str = "ap-northeast-1,eu-west-1,us-east-1",
    primary: str = "ap-northeast-1",
    standby: str = "eu-west-1",
    *more: str,
) -> str:
    return overrides(f"Regions={regions}", f"PrimaryHub={primary}", f"StandbyHub={standby}", *more)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(where(), id="list"),
        pytest.param(
            '[default.deploy.parameters]\nparameter_overrides = "Regions=ap-northeast-1,eu-west-1,us-east-1'
            ' PrimaryHub=ap-northeast-1 StandbyHub=\\"eu-west-1\\""\n',
            id="text",
        ),
        pytest.param(
            "[default.deploy.parameters.parameter_overrides]\nRegions = ['ap-northeast-1', 'eu-west-1', 'us-east-1']\n"
            "PrimaryHub = 'ap-northeast-1'\nStandbyHub = 'eu-west-1'\n",
            id="table",
        ),
    ],
)
def test_config_is_read_in_each_of_the_forms_that_sam_takes(text: str) -> None:
    config = config_of(text)
    assert config.regions == ("ap-northeast-1", "eu-west-1", "us-east-1")
    assert config.hubs == ("ap-northeast-1", "eu-west-1")
    assert (config.name, config.stack("eu-west-1")) == ("nswatch", "nswatch-eu-west-1")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            where(primary="us-east-1"),
            [
                f"{AT}: PrimaryHub: is us-east-1, whose outages take control planes of other regions along; write"
                " PrimaryHub=ap-northeast-1 (us-east-1 may stay in Regions)"
            ],
            id="hub-in-us-east-1",
        ),
        pytest.param(
            where(standby="ap-northeast-1"),
            [
                f"{AT}: PrimaryHub and StandbyHub: are both ap-northeast-1, whose loss would be that of both hubs;"
                " write StandbyHub=eu-west-1"
            ],
            id="one-hub",
        ),
        pytest.param(
            where(standby="eu-north-1"),
            [
                f"{AT}: StandbyHub: is eu-north-1, which is not one of Regions; write"
                " Regions=eu-north-1,ap-northeast-1,eu-west-1,us-east-1, or StandbyHub=eu-west-1"
            ],
            id="hub-that-does-not-probe",
        ),
        pytest.param(
            where(regions="ap-northeast-1,eu-west-1,eu-west-1"),
            [f"{AT}: Regions: names eu-west-1 twice; leave one of them"],
            id="region-twice",
        ),
        pytest.param(
            where(regions="ap-northeast-1,eu-west-1,Oregon"),
            [f"{AT}: Regions: is 'Oregon'; write names of AWS regions"],
            id="no-region",
        ),
        pytest.param(
            overrides("Regions=ap-northeast-1,eu-west-1", "PrimaryHub=ap-northeast-1"),
            [f"{AT}: StandbyHub: is missing; write StandbyHub=eu-west-1, or run `nswatch deploy`, which asks"],
            id="missing-hub",
        ),
        pytest.param(
            where("ap-northeast-1,eu-west-1", "ap-northeast-1", "eu-west-1", "Architectur=x86_64"),
            [f"{AT}: Architectur: is no parameter of src/template.yaml; did you mean Architecture?"],
            id="unknown-parameter",
        ),
        pytest.param(
            where("ap-northeast-1,eu-west-1", "ap-northeast-1", "eu-west-1", "Architecture=mips", "DeadManUrl=example"),
            [
                f"{AT}: Architecture: is 'mips'; write one of arm64, x86_64",
                f"{AT}: DeadManUrl: is 'example'; write a URL",
            ],
            id="two-bad-values",
        ),
        pytest.param(
            overrides("Regions", "PrimaryHub=eu-west-1", "PrimaryHub=eu-west-2"),
            [
                f"{AT}[0]: is 'Regions', not KEY=VALUE; write [\"PrimaryHub=ap-northeast-1\", …]",
                f"{AT}[2]: PrimaryHub stands there twice; leave one of them",
            ],
            id="no-key-value",
        ),
        pytest.param(
            "[default.deploy.parameters]\nparameter_overrides = 7\n",
            [f'{AT}: is a number; write ["PrimaryHub=ap-northeast-1", …]'],
            id="number",
        ),
        pytest.param(
            "[default]\ndeploy = 'eu-west-1'\n",
            [
                "samconfig.toml: default.deploy: is a text, not a table; write [default.deploy.parameters]",
            ],
            id="no-table",
        ),
        pytest.param(
            "[default.nswatch.parameters]\npage = ['sms:0900', 'email:a@b.example']\nnotices = []\n",
            [
                f"{OURS}.notices: is no key; did you mean notice?",
                f"{OURS}.page: is 'sms:0900', whose number is not in E.164; write sms:+ and country code and number,"
                " digits only",
            ],
            id="routes",
        ),
        pytest.param(
            "[default.nswatch.parameters]\npage = 'email:a@b.example'\n",
            [f'{OURS}.page: is a text, not a list of routes; write ["email:…", "sms:+…"]'],
            id="one-route-as-text",
        ),
        pytest.param(
            "version = \n",
            ["samconfig.toml: is not TOML: Invalid value (at line 1, column 11); mend the syntax there"],
            id="no-toml",
        ),
    ],
)
def test_config_is_refused_with_every_problem_when_it_is_bad(text: str, problems: list[str]) -> None:
    with pytest.raises(InvalidDocument) as refused:
        config_of(text)
    assert [str(problem) for problem in refused.value.problems] == problems


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        pytest.param(
            "HostedZoneRoles=arn:aws:iam::111111111111:role/a,arn:aws:iam::222222222222:role/b", "", id="two-roles"
        ),
        pytest.param(
            "HostedZoneRoles=arn:aws:iam::111111111111:role/a,role/b",
            "HostedZoneRoles: is 'role/b'; write ARNs of IAM roles with commas between them and no spaces, or nothing",
            id="bad-role",
        ),
        pytest.param("ReservedConcurrency=100", "", id="most"),
        pytest.param(
            "ReservedConcurrency=101", "ReservedConcurrency: is '101'; write a number from 0 to 100", id="too-many"
        ),
        pytest.param(
            "ReservedConcurrency=some", "ReservedConcurrency: is 'some'; write a number from 0 to 100", id="no-number"
        ),
        pytest.param(
            "CertificateSearchToken=two words",
            "CertificateSearchToken: is not good; write an API key (letters, digits and . _ ~ + / = -), or nothing",
            id="secret",
        ),
    ],
)
def test_value_is_held_against_what_the_template_takes(entry: str, problem: str) -> None:
    path = Path("samconfig.toml")
    path.write_text(where("ap-northeast-1,eu-west-1", "ap-northeast-1", "eu-west-1", entry), "utf-8")
    with pytest.raises(InvalidDocument) if problem else nullcontext() as refused:
        check_config(read_config(path), read_source(REPOSITORY))
    assert problem == "" if refused is None else [str(each) for each in refused.value.problems] == [f"{AT}: {problem}"]


@pytest.mark.parametrize("answers_given", ["", "ap-northeast-1,eu-west-1\n"], ids=["none", "one"])
def test_deploy_says_how_to_do_without_answers_when_nobody_gives_them(answers_given: str) -> None:
    result = CliRunner().invoke(
        cli, ["deploy", "--source", str(REPOSITORY), "--config", "mine.toml"], input=answers_given
    )
    assert result.exit_code == 1
    assert "Nobody answers here. Repeat it with --yes, which asks nothing: what mine.toml does not say" in result.output
    assert not Path("mine.toml").exists()


def test_deploy_exits_with_2_before_it_builds_or_asks_aws_when_the_config_is_bad() -> None:
    Path("samconfig.toml").write_text(where(primary="us-east-1"), "utf-8")
    result = CliRunner().invoke(cli, ["deploy", "--source", str(REPOSITORY), "--config", "samconfig.toml", "--yes"])
    assert result.exit_code == 2
    assert "PrimaryHub: is us-east-1" in result.output


def test_deploy_says_how_to_get_sam_when_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template.yaml").write_bytes((REPOSITORY / "template.yaml").read_bytes())
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(cli, ["deploy", "--yes", "--dry-run"])
    assert result.exit_code == 1
    assert "SAM CLI is not there" in result.output
    assert "`make tools` installs it" in result.output


def test_deploy_exits_with_2_when_the_source_is_no_clone() -> None:
    result = CliRunner().invoke(cli, ["deploy", "--yes"])
    assert result.exit_code == 2
    assert result.output == (
        "template.yaml: cannot be read: No such file or directory; deploy from a clone of nswatch, or name one with"
        " --source DIR\n"
    )


def ask(config: Config, *lines: str) -> tuple[Config, str]:
    """Have a person answer what the configuration lacks, line by line."""
    asked: list[Config] = []

    @click.command()
    def command() -> None:
        asked.append(answers.ask(config, SOURCE))

    result = CliRunner().invoke(command, [], input="".join(f"{line}\n" for line in lines))
    assert result.exit_code == 0, result.output
    return asked[0], result.output


def test_everything_is_asked_with_defaults_the_first_time() -> None:
    config, said = ask(Config(Path("samconfig.toml")), "", "", "", "", "", "")
    assert dict(config.parameters) == {
        "Regions": "ap-northeast-1,eu-west-1,us-west-2",
        "PrimaryHub": "ap-northeast-1",
        "StandbyHub": "eu-west-1",
    }
    assert dict(config.routes) == {"page": (), "notice": ()}
    assert "[ap-northeast-1,eu-west-1,us-west-2]" in said


def test_bad_answer_is_explained_and_asked_again() -> None:
    config, said = ask(
        Config(Path("samconfig.toml")),
        *("Tokyo", "us-east-1, eu-west-1 ,eu-north-1"),
        *("us-east-1", "eu-central-1", "eu-north-1"),
        *("eu-north-1", ""),
        *("oncall@other.example", "email:oncall@other.example,sms:+819000000000", ""),
        *("nothing", "https://dead.example/x"),
    )
    assert config.regions == ("us-east-1", "eu-west-1", "eu-north-1")
    assert config.hubs == ("eu-north-1", "eu-west-1")
    assert config.routes["page"] == ("email:oncall@other.example", "sms:+819000000000")
    assert config.parameters["DeadManUrl"] == "https://dead.example/x"
    for words in (
        "'Tokyo' is none; write names of AWS regions",
        "us-east-1 must not be a hub",
        "eu-central-1 is not one of us-east-1,eu-west-1,eu-north-1",
        "eu-north-1 is the other hub already",
        "is 'oncall@other.example', not a route",
        "'nothing' is none; write a URL",
    ):
        assert words in said


def test_nothing_is_asked_when_the_file_says_everything() -> None:
    whole = where() + "[default.nswatch.parameters]\npage = []\nnotice = []\n"
    _, said = ask(config_of(whole))
    assert said == ""


def test_answers_are_written_beside_what_is_there_and_comments_stay() -> None:
    path = Path("samconfig.toml")
    path.write_text(
        "# ours\nversion = 0.1\n\n[default.deploy.parameters]\nresolve_s3 = true  # a bucket of SAM's\n"
        'parameter_overrides = [\n  "Architecture=x86_64",  # for the emulator\n]\n',
        "utf-8",
    )
    before = read_config(path)
    after, _ = ask(before, "", "", "", "email:oncall@other.example", "", "")
    assert answers.write_back(before, after)
    text = path.read_text("utf-8")
    assert all(comment in text for comment in ("# ours", "# a bucket of SAM's", "# for the emulator"))
    again = read_config(path)
    assert (again.parameters, again.routes) == (after.parameters, after.routes)
    assert again.has_bucket
    assert not answers.write_back(again, again)


@pytest.mark.parametrize(
    "there",
    [
        pytest.param("", id="no-file"),
        pytest.param('[default.deploy.parameters]\nparameter_overrides = "Architecture=x86_64"\n', id="text"),
        pytest.param("[default.deploy.parameters.parameter_overrides]\nArchitecture = 'x86_64'\n", id="table"),
    ],
)
def test_answers_are_written_in_the_form_that_is_there(there: str) -> None:
    path = Path("samconfig.toml")
    if there:
        path.write_text(there, "utf-8")
    before = read_config(path)
    after = answers.by_default(before, SOURCE)
    answers.write_back(before, after)
    again = read_config(path)
    assert again.parameters == after.parameters
    assert again.hubs == ("ap-northeast-1", "eu-west-1")


def test_defaults_keep_off_the_region_that_must_not_be_a_hub() -> None:
    config = Config(Path("samconfig.toml"), {"Regions": "us-east-1,us-west-2,eu-central-1"})
    assert answers.by_default(config, SOURCE).hubs == ("us-west-2", "eu-central-1")


def test_repository_names_no_region_of_its_own_and_its_template_has_what_is_asked() -> None:
    config = read_config(REPOSITORY / "samconfig.toml")
    source = read_source(REPOSITORY)
    assert (config.parameters, config.routes) == ({}, {})
    assert {"Regions", "PrimaryHub", "StandbyHub", "Name", "Architecture", "Release", "DeadManUrl"} <= set(
        source.parameters
    )
    check_config(answers.by_default(config, source), source)
