"""The command ``posekit``: finds a command's file, imports that one alone, and reports its errors.

The list of commands is printed without typer, whose import takes longer than the
whole answer should; each command itself is a typer function or app.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Command(NamedTuple):
    """Where a command lives, as module:attribute, and what it does in a few words."""

    place: str
    summary: str


COMMANDS = {
    "demo": Command("posekit.cli.predict:demo", "find a person in the photograph that comes with posekit"),
    "predict": Command("posekit.cli.predict:predict", "find keypoints in images and videos, draw them, write JSON"),
    "batch": Command("posekit.cli.batch:batch", "find keypoints in very many images, on one machine or many"),
    "track": Command("posekit.cli.track:track", "give each person the same id in all frames of saved poses"),
    "smooth": Command("posekit.cli.smooth:smooth", "smooth the keypoints of saved poses over time"),
    "serve": Command("posekit.cli.serve:serve", "answer over HTTP, and show a page for images, videos and webcams"),
    "train": Command("posekit.cli.train:train", "train the model of a config"),
    "test": Command("posekit.cli.test:test", "evaluate a checkpoint with a config's test data"),
    "report": Command(
        "posekit.cli.report:report", "report how good results are, how certain that is, and which errors they have"
    ),
    "export": Command("posekit.cli.export:export", "write a trained model as ONNX or OpenVINO and compare its answers"),
    "bench": Command("posekit.cli.bench:bench", "measure how fast models are, by batch size, threads and device"),
    "checkpoint": Command("posekit.cli.checkpoint:app", "show what is in a checkpoint, convert or publish it"),
    "model": Command("posekit.cli.model:app", "count a model's parameters and multiply-adds, measure its time"),
    "zoo": Command("posekit.cli.zoo:app", "list released models with their terms, download their weights"),
    "config": Command("posekit.cli.config:app", "show a config resolved, explain where a value comes from, check it"),
    "log": Command("posekit.cli.log:app", "compare the curves and the speed of runs"),
    "data": Command("posekit.cli.data:app", "convert, check and look at labelled data"),
    "info": Command("posekit.cli.info:info", "list versions, devices and installed extras"),
}

EXTRAS = {
    **dict.fromkeys(("torch", "torchvision", "lightning", "timm", "safetensors", "matplotlib"), "train"),
    **dict.fromkeys(("onnx", "onnxscript"), "export"),
    "openvino": "openvino",
    **dict.fromkeys(("pandas", "pyarrow"), "tables"),
    "ray": "batch",
    **dict.fromkeys(("fastapi", "uvicorn", "python_multipart"), "serve"),
    **dict.fromkeys(("yaml", "h5py", "sleap_io", "cdflib"), "data"),
}
"""Which extra of posekit brings an optional package."""

USER_ERROR = 2
SEVERAL = "--cfg-options"
"""The option that takes several values."""

OPTIONAL = {"--smooth": "savgol"}
"""Options whose value, a plain word, may be left out, and what they mean then."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command of posekit and exit with its code."""
    arguments, debug = without_debug(list(sys.argv[1:] if argv is None else argv))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may be no text in the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        code = dispatch(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, e.g. `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        code = 130
    except (ValueError, OSError, KeyError, ModuleNotFoundError) as error:
        if isinstance(error, ModuleNotFoundError) and missing_package(error) not in EXTRAS:
            raise
        if debug:
            traceback.print_exc()
        code = complain(describe(error))
    sys.exit(code)


def without_debug(arguments: list[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out of the arguments; it may come anywhere before ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return options + arguments[end:], len(options) < end


def dispatch(arguments: list[str]) -> int:
    """Run the command that the first argument names and return its exit code."""
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h", "help"):
        print(overview())
        return 0
    if name in ("--version", "-V"):
        from posekit import __version__

        print(f"posekit {__version__}")
        return 0
    if name not in COMMANDS:
        from posekit.console import suggestion

        return complain(f"posekit has no command '{name}'; {suggestion(name, COMMANDS, otherwise='there are')}")
    return run(name, arguments[1:])


def run(name: str, arguments: list[str]) -> int:
    """Import a command's file and run it."""
    import typer

    module, _, attribute = COMMANDS[name].place.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    app = command if isinstance(command, typer.Typer) else as_app(command)
    app.pretty_exceptions_enable = False
    try:
        app(one_value_each(with_left_out(arguments)), prog_name=f"posekit {name}")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def with_left_out(arguments: list[str]) -> list[str]:
    """Add the values of options that may be left out; a file or a path after such an option is none."""
    complete: list[str] = []
    for number, argument in enumerate(arguments):
        if argument == "--":
            return complete + arguments[number:]
        complete.append(argument)
        following = arguments[number + 1] if number + 1 < len(arguments) else ""
        if argument in OPTIONAL and (not following.replace("-", "").isalpha() or following.startswith("-")
                                     or os.path.exists(following)):  # fmt: skip  # noqa: PTH110
            complete.append(OPTIONAL[argument])
    return complete


def one_value_each(arguments: list[str]) -> list[str]:
    """Write ``--cfg-options a=1 b=2`` as ``--cfg-options a=1 --cfg-options b=2``; options here take one value."""
    spread: list[str] = []
    takes_more = False
    for number, argument in enumerate(arguments):
        if argument == "--":
            return spread + arguments[number:]
        takes_more = takes_more and "=" in argument and not argument.startswith("-")
        follows = bool(spread) and spread[-1] == SEVERAL
        spread += [SEVERAL, argument] if takes_more and not follows else [argument]
        takes_more = takes_more or argument.partition("=")[0] == SEVERAL
    return spread


def as_app(command: Callable[..., Any]) -> Any:
    """Return a typer app of one function."""
    import typer

    app = typer.Typer(add_completion=False)
    app.command()(command)
    return app


def overview() -> str:
    """Return the text of ``posekit --help``."""
    width = max(map(len, COMMANDS))
    rows = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "posekit: 2D and 3D keypoint (pose) estimation",
            "",
            "Usage: posekit COMMAND [ARGUMENTS]   (posekit COMMAND --help tells more)",
            "",
            *rows,
            "",
            "Options: --version; --debug shows where an error comes from",
        ]
    )


def describe(error: Exception) -> str:
    """Return an error as one line that a user can act on."""
    if isinstance(error, ModuleNotFoundError):
        package = missing_package(error)
        return f"this needs the package {package}, which is not installed: pip install 'posekit[{EXTRAS[package]}]'"
    if isinstance(error, KeyError) and error.args:  # str() of a KeyError puts its message in quotes
        return str(error.args[0])
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def missing_package(error: ModuleNotFoundError) -> str:
    """Return the top-level name of what could not be imported."""
    return (error.name or "").partition(".")[0]


def complain(message: str) -> int:
    """Print one red line and return the exit code for what a user can mend."""
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    red, plain = ("\033[31m", "\033[0m") if colour else ("", "")
    print(f"{red}error:{plain} {message}", file=sys.stderr)
    return USER_ERROR
