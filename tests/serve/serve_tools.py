"""A real server on the loopback, with a model that answers at once or when it is told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import cv2
import httpx
import numpy as np

from posekit.inference.images import checked_boxes
from posekit.inference.top_down import TopDownPredictor
from posekit.serve.app import create_app
from posekit.serve.limits import Limits
from posekit.serve.models import ServedModel
from posekit.serve.server import bound_socket, server_of
from posekit.serve.service import Service
from posekit.structures.instance_data import InstanceData
from posekit.structures.pose_data_sample import PoseDataSample

BOX_SET = dict(dataset_name="box", keypoint_id2name={0: "low", 1: "high"}, num_keypoints=2, skeleton_links=[[0, 1]])


class Corners:
    """Finds two corners of every box; the score is the mean grey level there.

    Attributes:
        go: batches wait until this is set.
        batches: number of boxes in each batch.
    """

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.batches: list[int] = []

    def __call__(self, image, boxes):
        if boxes is not None and len(boxes) and boxes[0][0] == 13:
            raise ValueError("boxes: this model does not like 13")
        if boxes is not None and len(boxes) and boxes[0][0] == 14:
            raise RuntimeError("the model broke")
        for box in checked_boxes(boxes, image.shape[:2]):
            yield (
                np.append(box, image.mean() / 255),
                PoseDataSample(gt_instances=InstanceData(bboxes=box[None])),
            )

    def run(self, batch):
        assert self.go.wait(60)
        self.batches.append(len(batch.inputs))
        for row, sample in zip(batch.inputs, batch.samples, strict=True):
            sample.pred_instances = InstanceData(
                keypoints=row[:4].reshape(1, 2, 2), keypoint_scores=np.full((1, 2), row[4]), bboxes=row[None, :4]
            )
        return batch.samples


class RunningServer:
    """A server in a thread, a client of it, and what is behind it."""

    def __init__(self, service: Service, network: Corners, url: str) -> None:
        self.service, self.network, self.url = service, network, url
        self.client = httpx.Client(base_url=url, timeout=60)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def running(limits: Limits | None = None, **options) -> Iterator[RunningServer]:
    """Serve two models of corners."""
    network = Corners()
    models = [ServedModel(name, TopDownPredictor(network, network, metainfo=BOX_SET)) for name in ("box", "other")]
    service = Service(models, limits)
    listener = bound_socket("127.0.0.1", 0)
    server = server_of(create_app(service, **options), service.limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    running_server = RunningServer(service, network, f"http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        yield running_server
    finally:
        network.go.set()
        running_server.client.close()
        server.should_exit = True
        thread.join()
        listener.close()


def jpeg(grey: int = 200, size_wh: tuple[int, int] = (60, 40)) -> bytes:
    """Return an encoded image of one grey level."""
    return cv2.imencode(".jpg", np.full((*size_wh[::-1], 3), grey, np.uint8))[1].tobytes()


def png(grey: int = 200, size_wh: tuple[int, int] = (60, 40)) -> bytes:
    return cv2.imencode(".png", np.full((*size_wh[::-1], 3), grey, np.uint8))[1].tobytes()


def video_bytes(folder, num_frames: int = 12, size_wh: tuple[int, int] = (64, 48)) -> bytes:
    """Return an encoded video."""
    path = folder / "made.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20, size_wh)
    for number in range(num_frames):
        writer.write(np.full((*size_wh[::-1], 3), 10 * number % 250, np.uint8))
    writer.release()
    return path.read_bytes()
