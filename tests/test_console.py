from __future__ import annotations

import sys

import pytest

from posekit import console
from posekit.console import ProgressBar, check_choice, suggestion, tracked


@pytest.fixture
def drawn(monkeypatch):
    """What is told to the bar on the screen: done and total, and that it is taken away."""
    told = []

    class Screen:
        task_ids = (0,)

        def update(self, task, completed, total):
            told.append((completed, total))

        def stop(self):
            told.append("gone")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(console, "started_bar", lambda what, **_: Screen())
    return told


def test_each_step_is_shown_and_the_bar_goes(drawn):
    assert list(tracked("abcde", "spelling")) == list("abcde")
    assert drawn == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5), "gone"]


def test_many_known_names_are_listed_in_order():
    known = [f"{letter}{number}" for letter in "zyx" for number in range(10)]
    text = suggestion("Dataset", known, most_listed=4)
    names = text.removeprefix("known: ").split(", ")
    assert names[-1] == "..."
    assert names[:-1] == sorted(names[:-1])
    assert len(names) == 5


def test_few_steps_have_no_bar_until_more_come(drawn):
    with ProgressBar("counting", 2) as bar:
        bar.advance()
        assert not drawn
        bar.expect(7)
    assert drawn == [(1, 7), "gone"]


def test_the_bar_goes_when_work_fails(drawn):
    with pytest.raises(ZeroDivisionError), ProgressBar("dividing", 9):
        1 / 0  # noqa: B018
    assert drawn[-1] == "gone"


def test_many_steps_do_not_move_the_bar_each(drawn):
    assert sum(tracked(range(50_000), "counting")) == sum(range(50_000))
    assert len(drawn) <= console.MOVES + 2
    assert drawn[-2] == (50_000, 50_000)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_real_bar(terminal, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert list(tracked(range(300), "counting")) == list(range(300))
    assert capsys.readouterr().out == ""


def test_bytes_move_the_bar_by_many(drawn):
    with ProgressBar("file", 100_000, is_bytes=True) as bar:
        bar.advance(60_000)
        bar.advance(1)
        bar.advance(39_999)
    assert drawn == [(0, 100_000), (60_000, 100_000), (100_000, 100_000), "gone"]


@pytest.mark.parametrize(
    ("value", "allowed", "message"),
    [
        ("P7", ("P5", "P6"), "arch: 'P7' is not supported; use one of 'P5', 'P6'"),
        (5, range(3), "arch: 5 is not supported; use one of 0, 1, 2"),
        ("jpeg4py", ("cv2",), "arch: 'jpeg4py' is not supported; use 'cv2'"),
    ],
)
def test_a_choice_that_there_is_not(value, allowed, message):
    with pytest.raises(ValueError, match=message):
        check_choice("arch", value, allowed)
    assert check_choice("arch", 1, range(3)) == 1


def test_the_bar_tells_the_speed():
    from types import SimpleNamespace

    from posekit.console import rate_column

    column = rate_column("frames")
    assert str(column.render(SimpleNamespace(finished_speed=None, speed=12.345))) == "12.3 frames/s"
    assert str(column.render(SimpleNamespace(finished_speed=None, speed=None))) == ""
