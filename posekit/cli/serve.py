"""``posekit serve``: an HTTP API and a page that find poses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posekit.cli.predict_formats import about_model
from posekit.cli.predict_models import ConfigFile, SameDetector, Weights, open_with_detector

if TYPE_CHECKING:
    from posekit.serve.models import ServedModel

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    models: Annotated[
        list[Path] | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="Released model by its name, such as rtmpose-m, or an exported one (.onnx); by default the one in "
            "posekit; repeatable.",
        ),
    ] = None,
    config: ConfigFile = None,
    checkpoint: Weights = None,
    detector: SameDetector = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all addresses, which needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(help="Token that requests need; by default the environment variable POSEKIT_TOKEN, if it is set."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Host name under which clients may reach the server; repeatable.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Web origin whose pages may use the server; repeatable.")
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="Largest number of images that are predicted together.")] = 8,
    max_wait: Annotated[float, typer.Option(min=0, help="Milliseconds that a batch waits for more images.")] = 10.0,
    max_queue: Annotated[int, typer.Option(min=1, help="Largest number of images that may wait.")] = 64,
    max_megabytes: Annotated[
        int, typer.Option(min=1, help="Largest size of a request with images, in megabytes.")
    ] = 32,
    max_video_megabytes: Annotated[int, typer.Option(min=1, help="Largest size of a video, in megabytes.")] = 512,
    timeout: Annotated[float, typer.Option(min=1, help="Number of seconds within which a request is answered.")] = 60.0,
    device: Annotated[str, typer.Option(help="Device: auto, cpu, cuda, cuda:N or mps.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads of an exported model; by default all.")
    ] = None,
) -> None:
    """Serve poses over HTTP: an API under /v1, described at /docs, and a page at /.

    Ctrl-C or SIGTERM stops it after the running requests are finished.
    """
    import fastapi  # noqa: F401 - says at once which extra is missing
    import python_multipart  # noqa: F401
    import uvicorn  # noqa: F401

    from posekit.serve.app import create_app
    from posekit.serve.guard import LOOPBACK_HOSTS
    from posekit.serve.limits import MEGABYTE, Limits
    from posekit.serve.server import bound_socket, run
    from posekit.serve.service import Service

    token = token or os.environ.get("POSEKIT_TOKEN") or None
    hosts = [*(LOOPBACK_HOSTS if host in LOOPBACK else ()), *(allow_host or ())] or None
    limits = Limits(
        max_bytes=max_megabytes * MEGABYTE,
        max_video_bytes=max_video_megabytes * MEGABYTE,
        max_queue=max_queue,
        max_memory=max(Limits.max_memory, 4 * max_megabytes * MEGABYTE),
        answer_s=timeout,
    )
    with bound_socket(host, port) as listener:
        served = open_models(models or [], config, checkpoint, detector, device, threads)
        service = Service(served, limits, max_batch=max_batch, max_wait_s=max_wait / 1000)
        app = create_app(service, token=token, hosts=hosts, origins=cors or ())
        announce(listener.getsockname()[1], host, token)
        run(app, listener, limits)


def open_models(
    models: list[Path],
    config: Path | None,
    checkpoint: str | None,
    detector: str | None,
    device: str,
    threads: int | None,
) -> list[ServedModel]:
    """Open all models, with what finds the boxes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a model cannot be used, or options contradict each other.
        DownloadError: if released weights can be had from nowhere.
    """
    from posekit.serve.models import ServedModel

    served = []
    for model in models or [None]:
        predictor = open_with_detector(model, config, checkpoint, detector, device, threads)
        about = {"model": config.stem} if config and checkpoint is None else about_model(model, checkpoint)
        name = config.stem if config else about["model"].removesuffix(".onnx").removesuffix(".xml")
        served.append(ServedModel(name, predictor, about.get("model_sha256")))
    return served


def announce(port: int, host: str, token: str | None) -> None:
    """Tell where the page is, and who may use the server."""
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"page: http://{shown}:{port}/   API: http://{shown}:{port}/docs   stop: Ctrl-C")
    if host not in LOOPBACK and token is None:
        typer.echo(
            f"anybody who reaches {host} may use this server: give a token with --token or POSEKIT_TOKEN", err=True
        )
