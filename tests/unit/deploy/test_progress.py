"""The table of regions: it changes where a person watches, and is plain lines where nobody does."""

from io import StringIO

from rich.console import Console

from nswatch_cli.deploy.progress import FAILED, Board, columns


def play(board: Board) -> None:
    with board:
        board.begins("eu-west-1", "creating")
        board.detail("eu-west-1", "Table CREATE_IN_PROGRESS")
        board.ends("eu-west-1", "created")
        board.begins("us-west-2", "creating")
        board.ends("us-west-2", FAILED, "Table: already exists\nand more")


def test_board_prints_a_line_a_step_when_it_is_no_terminal() -> None:
    out = StringIO()
    play(Board({"eu-west-1": "primary hub", "us-west-2": "probes"}, Console(file=out, width=200)))
    assert out.getvalue().splitlines() == [
        "eu-west-1: creating",
        "eu-west-1: created after 0 s",
        "us-west-2: creating",
        "us-west-2: failed after 0 s: Table: already exists",
        "and more",
    ]


def test_board_leaves_one_table_when_it_is_a_terminal() -> None:
    out = StringIO()
    regions = {"eu-west-1": "primary hub", "us-west-2": "probes", "sa-east-1": "probes"}
    play(Board(regions, Console(file=out, width=120, force_terminal=True, color_system=None)))
    last = [" ".join(line.split()) for line in out.getvalue().splitlines() if line.strip()][-4:]
    assert [line for line in last if "created" in line or "failed" in line or "waiting" in line] == [
        "eu-west-1 primary hub created 0",
        "us-west-2 probes failed 0 Table: already exists",
        "sa-east-1 probes waiting",
    ]


def test_columns_are_as_wide_as_their_widest_word() -> None:
    assert columns([["a", "bb", "c"], ["aaa", "b", ""]]) == ["  a    bb  c", "  aaa  b"]
    assert columns([]) == []
