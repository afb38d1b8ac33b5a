"""The HTTP API and the page, as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from posekit import __version__
from posekit.inference.exports import neutral_json
from posekit.serve import api_schema
from posekit.serve.batcher import Kind
from posekit.serve.body import arriving_within, bounded_stream, decode_all, read_body
from posekit.serve.guard import Guard
from posekit.serve.predict_request import parse_options, parse_request, plain_name
from posekit.serve.request_error import RequestError
from posekit.serve.service import Service
from posekit.serve.video_jobs import DRAWING, RESULTS, VideoOptions, best_people

if TYPE_CHECKING:
    from posekit.inference.results import PoseResult


router = APIRouter()

PAGE_FOLDER = Path(__file__).parent / "page"

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def create_app(
    service: Service,
    *,
    token: str | None = None,
    hosts: Collection[str] | None = None,
    origins: Collection[str] = (),
) -> Any:
    """Return the application.

    Args:
        service: service, closed when the application stops.
        token: that requests need; None for none.
        hosts: names by which the server may be called; None for any.
        origins: other sites whose pages may use the server.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="posekit", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan,
        description="Keypoints of people in images and videos.",
    )  # fmt: skip
    app.state.service = service
    app.include_router(router)
    app.add_exception_handler(RequestError, refused)
    app.add_exception_handler(HTTPException, unknown_path)
    app.add_exception_handler(Exception, failed)
    guarded = Guard(app, metrics=service.metrics, token=token, hosts=hosts, origins=origins)
    if not origins:
        return guarded
    return CORSMiddleware(
        guarded, allow_origins=list(origins), allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
    )  # fmt: skip


async def refused(request: Request, error: Any) -> Response:
    """Answer a request that is not carried out."""
    return Response(error.body(), error.status, error.headers, "application/json")


async def unknown_path(request: Request, error: Any) -> Response:
    """Answer a request for something that is not there, or with another method."""
    message = f"{request.method} {request.url.path[:100]}: {error.detail}; /docs lists what there is"
    return JSONResponse({"error": message}, error.status_code, error.headers)


async def failed(request: Request, error: Exception) -> Response:
    """Answer a request that failed for no fault of its own; the log tells more."""
    message = "the server failed at this request; its log tells more"
    return JSONResponse({"error": message}, 500, {"Connection": "close"})  # uvicorn closes it after an exception


def service_of(request: Request) -> Service:
    """Return the service of the application that a request came to."""
    return request.app.state.service


@router.post("/v1/predict", openapi_extra=api_schema.PREDICT, summary="Find the poses in images")
async def predict(request: Request) -> Response:
    """Answer with posekit's JSON of poses: one entry in ``images`` for each image, in order."""
    service = service_of(request)
    service.batcher.check_room(1)
    with service.memory.share() as share:
        async with arriving_within(service.limits.read_s):
            body = await read_body(request, service.limits.max_bytes, share)
        kind = request.headers.get("content-type", "")
        wanted = await parse_request(kind, request.query_params, body, service.limits)
        model = service.models.find(wanted.options.model)
        with service.batcher.expecting(len(wanted.images)):
            images = await service.in_thread(decode_all, wanted.images, service.limits, share)
            futures = service.batcher.submit(Kind(model.name, wanted.options.flip_test), images)
        results = await results_of(futures, service.limits.answer_s)
    named = [
        replace(best_people(result, wanted.options.max_people), file_name=sent.name)
        for result, sent in zip(results, wanted.images, strict=True)
    ]
    text = neutral_json.dumps(model.sequence(named).to_dict())
    return Response(text, media_type="application/json")


async def results_of(futures: Sequence[Future[PoseResult]], seconds: float) -> list[PoseResult]:
    """Wait for the results of a request.

    Raises:
        RequestError: if they take too long, or the model cannot use the images.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.gather(*map(asyncio.wrap_future, futures))
    except TimeoutError as error:
        raise RequestError(503, f"no answer within {seconds:g} s; try again", retry_after=seconds) from error
    except ValueError as error:
        raise RequestError(400, str(error)) from error
    finally:
        for future in futures:
            future.cancel()


@router.get("/v1/models", summary="List the models")
async def models(request: Request) -> Response:
    """Answer with names and keypoint sets; requests that name no model go to the first."""
    served = service_of(request).models.by_name.values()
    return JSONResponse({"models": [model.about() for model in served]})


@router.post("/v1/video", openapi_extra=api_schema.VIDEO, status_code=202, summary="Start to predict a video")
async def start_video(request: Request) -> Response:
    """Take a video as raw bytes and answer with its job; progress and results come from the paths below."""
    service = service_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (kind.startswith("video/") or kind == "application/octet-stream"):
        raise RequestError(
            415, f"Content-Type '{kind[:100]}': send the raw bytes of a video, with video/mp4 or the like"
        )
    options = parse_options(request.query_params, VideoOptions)
    model = service.models.find(options.model)
    job = service.jobs.new(model, replace(options, name=plain_name(options.name)))
    try:
        async with arriving_within(service.limits.read_video_s):
            with job.upload.open("wb") as file:
                async for piece in bounded_stream(request, service.limits.max_video_bytes):
                    await asyncio.to_thread(file.write, piece)
        service.jobs.start(job)
    except BaseException:
        service.jobs.cancel(job)
        raise
    return JSONResponse(job.about(), 202, {"Location": f"/v1/video/{job.key}"})


@router.get("/v1/video/{key}", summary="Tell the progress of a video")
async def video(request: Request, key: str) -> Response:
    """Answer with the state, and the number of frames that are done."""
    return JSONResponse(service_of(request).jobs.find(key).about())


@router.get("/v1/video/{key}/result", openapi_extra=api_schema.RESULT, summary="Get the poses of a video")
async def video_result(request: Request, key: str) -> Response:
    """Answer with posekit's JSON of poses, or with ``format=csv`` with the table."""
    kind = request.query_params.get("format", "json")
    if kind not in RESULTS:
        raise RequestError(400, f"format '{kind[:100]}': there are {', '.join(RESULTS)}")
    name, media_type = RESULTS[kind]
    return FileResponse(service_of(request).jobs.result(key, name), media_type=media_type, filename=name)


@router.get("/v1/video/{key}/drawing", summary="Get the drawn video")
async def video_drawing(request: Request, key: str) -> Response:
    """Answer with the video and its poses, as MP4, if the job was started with ``draw=true``."""
    path = service_of(request).jobs.result(key, DRAWING)
    return FileResponse(path, media_type="video/mp4", filename=DRAWING)


@router.delete("/v1/video/{key}", summary="Cancel a video, or remove its results")
async def cancel_video(request: Request, key: str) -> Response:
    """Stop the job and remove all of its files."""
    jobs = service_of(request).jobs
    jobs.cancel(jobs.find(key))
    return JSONResponse({"id": key, "state": "cancelled"})


@router.get("/health", summary="Tell whether the server works")
async def health(request: Request) -> Response:
    """Answer 200 while the model's thread lives, else 503."""
    service = service_of(request)
    lives = service.batcher.thread.is_alive() and not service.batcher.closing
    return JSONResponse({"status": "ok" if lives else "stopping", "version": __version__}, 200 if lives else 503)


@router.get("/metrics", summary="Tell counters in the text form of Prometheus")
async def metrics(request: Request) -> Response:
    """Answer with counters and histograms."""
    service = service_of(request)
    states = service.jobs.states()
    text = service.metrics.text(queue=len(service.batcher.queue), memory=service.memory.used, jobs=states)
    return Response(text, media_type="text/plain; version=0.0.4")


@router.get("/", include_in_schema=False)
async def page() -> Response:
    """Answer with the page."""
    return file_response("index.html")


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """Answer with the page that shows the API."""
    return file_response("api.html")


@router.get("/page/{name}", include_in_schema=False)
async def page_file(name: str) -> Response:
    """Answer with a file of the pages."""
    return file_response(name)


@cache
def page_files() -> dict[str, Path]:
    """Return the files by name; clients get these and no others."""
    return {path.name: path for path in PAGE_FOLDER.iterdir() if path.suffix in MEDIA_TYPES}


def file_response(name: str) -> Response:
    """Return a file as the answer to a request.

    Raises:
        RequestError: if the pages have no such file.
    """
    path = page_files().get(name)
    if path is None:
        raise RequestError(404, f"the page has no file '{name[:100]}'")
    headers = {"Cache-Control": "no-cache"}
    return Response(path.read_bytes(), media_type=MEDIA_TYPES[path.suffix], headers=headers)
