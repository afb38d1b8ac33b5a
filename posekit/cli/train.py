"""``posekit train``: train the model of a config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posekit.cli.drawing import Interval, ShowDir, draw_predictions

if TYPE_CHECKING:
    from posekit.config import Config

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        "-o",
        "--cfg-options",
        metavar="KEY=VALUE",
        help="Value to change: a.b.0.c=value; repeatable. --cfg-options takes several at once.",
    ),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="MODULE", help="Module with your own components to import; repeatable."),
]
ConfigRoots = Annotated[
    list[Path] | None,
    typer.Option("--config-root", metavar="FOLDER", help="Another folder that bases may come from; repeatable."),
]
Device = Annotated[str, typer.Option("--device", help="Device: auto, cpu, cuda, cuda:N or mps.")]
Devices = Annotated[
    int | None,
    typer.Option(
        "--devices",
        min=1,
        help="Number of devices on each machine; by default one for each process of the launcher, else 1.",
    ),
]
NumNodes = Annotated[
    int | None,
    typer.Option(
        "--num-nodes", min=1, help="Number of machines; processes started by torchrun, SLURM or mpirun are recognised."
    ),
]
Precision = Annotated[
    str | None, typer.Option("--precision", help="Precision, as Lightning names it: 32-true, 16-mixed, bf16-mixed ...")
]


def train(
    config: Annotated[Path, typer.Argument(help="Config file.")],
    work_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run; by default work_dirs/<config name>.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from last.pth in the run's folder, if it is there.")
    ] = False,
    resume_from: Annotated[Path | None, typer.Option(help="Checkpoint to continue from.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that the folder already holds.")
    ] = False,
    load_from: Annotated[str | None, typer.Option(help="Checkpoint whose weights to start from (path or URL).")] = None,
    override: Overrides = None,
    device: Device = "auto",
    devices: Devices = None,
    num_nodes: NumNodes = None,
    amp: Annotated[bool, typer.Option("--amp", help="Use mixed precision; short for --precision 16-mixed.")] = False,
    precision: Precision = None,
    auto_scale_lr: Annotated[
        bool, typer.Option("--auto-scale-lr", help="Scale the learning rate to the batch size.")
    ] = False,
    max_epochs: Annotated[int | None, typer.Option(min=1, help="Number of epochs to train.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random choices.")] = None,
    overfit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of first samples to learn by heart before stopping; shows in minutes whether a config works.",
        ),
    ] = None,
    show_dir: ShowDir = None,
    interval: Interval = None,
    no_validate: Annotated[bool, typer.Option("--no-validate", help="Do not validate.")] = False,
    plugin: Plugins = None,
    config_root: ConfigRoots = None,
) -> None:
    """Train the model of CONFIG; checkpoints, log and curves go to the run's folder.

    --resume continues a run that ended or was stopped, with the same result as an uninterrupted run.
    """
    import_plugins(plugin)
    from posekit.config import load
    from posekit.engine.launch import plan_launch
    from posekit.engine.train import train as run_training

    loaded = load(config, overrides=override or [], plugins=plugin or (), roots=config_root or ())
    if overfit is not None:
        from posekit.engine.overfit import EPOCHS, overfit_config

        loaded = overfit_config(loaded, overfit, max_epochs or EPOCHS)
        work_dir = work_dir or Path("work_dirs") / f"{config.stem}_overfit"
        max_epochs = None  # they are those of the overfitting
    change_settings(loaded, max_epochs=max_epochs, seed=seed, scale_lr=auto_scale_lr, validate=not no_validate)
    draw_predictions(loaded, show_dir, interval)
    launch = plan_launch(devices, num_nodes)
    result = run_training(
        loaded,
        work_dir=work_dir,
        resume=resume_from or resume,
        load_from=load_from,
        overwrite=overwrite,
        device=device,
        launch=launch,
        precision=precision or ("16-mixed" if amp else None),
    )
    if launch.is_main:
        typer.echo(result)


def change_settings(
    config: Config, *, max_epochs: int | None, seed: int | None, scale_lr: bool, validate: bool
) -> None:
    """Apply command-line options to a config's settings; None leaves a setting as it is."""
    if max_epochs is not None:
        config.setdefault("train_cfg", {})["max_epochs"] = max_epochs
    if seed is not None:
        config["randomness"] = {**(config.get("randomness") or {}), "seed": seed}
    if scale_lr:
        config["auto_scale_lr"] = {**(config.get("auto_scale_lr") or {}), "enable": True}
    if not validate:
        config["val_dataloader"] = None


def import_plugins(names: list[str] | None) -> None:
    """Import the modules that the person named on the command line, also from the working directory."""
    import importlib
    import sys

    if names and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    for name in names or ():
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):  # something that the plugin imports
                raise
            raise ValueError(
                f"--plugin {name}: no module '{error.name}', seen from {Path.cwd()}; give its name as "
                "in an import statement; it may be a file or package in this folder, or an installed one"
            ) from error
