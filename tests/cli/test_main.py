from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posekit.cli import main as cli
from posekit.cli.train import import_plugins

ROOT = Path(__file__).resolve().parents[2]


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(arguments)
    return int(done.value.code or 0)


@pytest.fixture
def command(monkeypatch):
    """Make ``posekit broken`` a command that raises what it is told."""

    def install(error: BaseException) -> None:
        def broken() -> None:
            raise error

        monkeypatch.setattr(sys.modules[__name__], "broken", broken, raising=False)
        monkeypatch.setitem(cli.COMMANDS, "broken", cli.Command(f"{__name__}:broken", "fails"))

    return install


@pytest.mark.parametrize("statement", ["import posekit", "from posekit.cli.main import main; main(['--help'])"])
def test_light_imports(statement):
    heavy = "('torch', 'cv2', 'scipy', 'onnxruntime', 'typer') + (('numpy',) if 'cli' in sys.argv[1] else ())"
    code = (
        f"import sys, contextlib\nwith contextlib.suppress(SystemExit):\n  {statement}\n"
        f"bad = [m for m in {heavy} if m in sys.modules]\nassert not bad, bad"
    )
    done = run_python(code, statement)
    assert done.returncode == 0, done.stderr


def test_help_lists_every_command(capsys):
    assert call("--help") == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in cli.COMMANDS)
    assert call() == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("group", ["checkpoint", "config", "data", "log", "model", "zoo"])
def test_help_of_a_group_speaks_of_its_commands_alone(group, capsys):
    assert call(group, "--help") == 0
    assert "completion" not in capsys.readouterr().out


def test_version(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith("posekit 0.")


@pytest.mark.parametrize(
    ("given", "message"), [("trian", "did you mean 'train'"), ("zzz", "there are demo, predict, ")]
)
def test_unknown_command(given, message, capsys):
    assert call(given) == cli.USER_ERROR
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("size: 3 is odd; use 4"), "error: size: 3 is odd; use 4\n"),
        (KeyError("MODELS has no 'X'"), "error: MODELS has no 'X'\n"),
        (FileNotFoundError(2, "No such file or directory", "a.jpg"), "error: a.jpg: No such file or directory\n"),
        (OSError("disk is full"), "error: disk is full\n"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            "error: this needs the package torch, which is not installed: pip install 'posekit[train]'\n",
        ),
    ],
)
def test_user_errors_are_one_line(error, line, command, capsys):
    command(error)
    assert call("broken") == cli.USER_ERROR
    assert capsys.readouterr().err == line


def test_debug_shows_the_traceback(command, capsys):
    command(ValueError("wrong"))
    assert call("broken", "--debug") == cli.USER_ERROR
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [TypeError("a bug"), ModuleNotFoundError("posekit.x", name="posekit.x")])
def test_bugs_keep_their_traceback(error, command):
    command(error)
    with pytest.raises(type(error)):
        cli.main(["broken"])


def test_interrupt(command, capsys):
    command(KeyboardInterrupt())
    assert call("broken") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_plugin_that_imports_something_missing_keeps_its_traceback(tmp_path, monkeypatch):
    (tmp_path / "pk_hasty_plugin.py").write_text("import pk_no_such_package")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="pk_no_such_package"):
        import_plugins(["pk_hasty_plugin"])


def test_usage_error(capsys):
    assert call("info", "--nonsense") == 2
    assert "No such option" in capsys.readouterr().err


def test_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", "from posekit.cli.main import main; main(['--help'])"],
        stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == ""


def test_info(capsys):
    assert call("info") == 0
    text = capsys.readouterr().out
    assert "numpy" in text
    assert "onnxruntime: " in text


def test_info_of_packages(monkeypatch, tmp_path):
    from posekit.cli.info import state

    (tmp_path / "pk_broken_package.py").write_text("raise RuntimeError('no driver')")
    monkeypatch.syspath_prepend(tmp_path)
    assert state("pk_no_such_package") == "not installed"
    assert state("pk_broken_package", check=True) == "broken: RuntimeError: no driver"
    assert state("pk_broken_package") == "installed, version unknown"


def test_a_name_that_is_no_text_is_printed_escaped():
    code = "import os, sys; from posekit.cli.main import main; main(['data', 'check', os.fsdecode(b'n\\xe4me.json')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 2
    assert done.stderr.decode().startswith("error: annotation file 'n\\udce4me.json' is not there")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("my.py --cfg-options a=1 b=2 --amp", "my.py --cfg-options a=1 --cfg-options b=2 --amp"),
        ("--cfg-options a=1 b=[2,3] my.py c=4", "--cfg-options a=1 --cfg-options b=[2,3] my.py c=4"),
        ("--cfg-options=a=1 b=2", "--cfg-options=a=1 --cfg-options b=2"),
        ("--cfg-options a=1 --cfg-options b=2", "--cfg-options a=1 --cfg-options b=2"),
        ("-o a=1 b=2", "-o a=1 b=2"),
        ("x=1 -- --cfg-options a=1 b=2", "x=1 -- --cfg-options a=1 b=2"),
    ],
)
def test_several_values_of_one_option(typed, meant):
    assert cli.one_value_each(typed.split()) == meant.split()


@pytest.mark.parametrize(
    ("arguments", "complete"),
    [
        (["a.mp4", "--smooth"], ["a.mp4", "--smooth", "savgol"]),
        (["--smooth", "a.mp4"], ["--smooth", "savgol", "a.mp4"]),
        (["--smooth", "tests"], ["--smooth", "savgol", "tests"]),
        (["--smooth", "--json"], ["--smooth", "savgol", "--json"]),
        (["--smooth", "one-euro", "a.mp4"], ["--smooth", "one-euro", "a.mp4"]),
        (["--", "--smooth"], ["--", "--smooth"]),
    ],
)
def test_values_that_may_be_left_out(arguments, complete, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert cli.with_left_out(arguments) == complete
