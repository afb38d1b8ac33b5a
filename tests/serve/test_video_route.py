"""Videos: progress, results, cancelling, and what is refused."""

from __future__ import annotations

import time

import pytest
from serve_tools import jpeg, running, video_bytes

from posekit.inference.sequence import PoseSequence
from posekit.serve.limits import Limits

VIDEO = {"Content-Type": "video/mp4"}


def start(server, content: bytes, **options) -> dict:
    answer = server.client.post("/v1/video", content=content, params=options, headers=VIDEO)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/video/{answer.json()['id']}"
    return answer.json()


def wait(server, job: dict, *states: str) -> dict:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = server.client.get(f"/v1/video/{job['id']}").json()
        if told["state"] in states:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def test_a_video_gives_poses_and_a_drawing(server, tmp_path):
    job = start(server, video_bytes(tmp_path), draw=True, name="../walk.mp4")
    done = wait(server, job, "done", "failed")
    assert done["state"] == "done", done
    assert done["frames_done"] == done["num_frames"] == 12
    poses = PoseSequence.from_json(server.client.get(done["result"]).text)
    assert [result.frame for result in poses] == list(range(12))
    assert poses.fps == 20
    assert poses[11].time == 11 / 20
    assert poses[0].track_ids.tolist() == poses[11].track_ids.tolist() == [1]
    assert poses[0].file_name == "walk.mp4"
    assert server.client.get(done["result"], params={"format": "csv"}).text.startswith("image,frame,time,")
    assert server.client.get(done["drawing"]).content[4:8] == b"ftyp"
    assert not (server.service.jobs.find(job["id"]).upload).exists()


def test_progress_and_results_on_the_way(server, tmp_path):
    server.network.go.clear()
    job = start(server, video_bytes(tmp_path, num_frames=30))
    assert wait(server, job, "running")["frames_done"] < 30
    answer = server.client.get(f"/v1/video/{job['id']}/result")
    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"
    server.network.go.set()
    wait(server, job, "done")
    assert server.client.get(f"/v1/video/{job['id']}/drawing").status_code == 404


def test_images_do_not_wait_for_the_end_of_a_video(server, tmp_path):
    job = start(server, video_bytes(tmp_path, num_frames=1000))
    assert server.client.post("/v1/predict", files={"images": jpeg()}).status_code == 200
    assert server.client.get(f"/v1/video/{job['id']}").json()["state"] != "done"
    server.client.delete(f"/v1/video/{job['id']}")


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_delete_cancels_and_removes_everything(server, tmp_path, state):
    if state != "done":
        server.network.go.clear()
    first = start(server, video_bytes(tmp_path))
    job = start(server, video_bytes(tmp_path)) if state == "queued" else first
    wait(server, job, state)
    folder = server.service.jobs.find(job["id"]).folder
    assert server.client.delete(f"/v1/video/{job['id']}").json()["state"] == "cancelled"
    server.network.go.set()
    assert server.client.get(f"/v1/video/{job['id']}").status_code == 404
    wait(server, start(server, video_bytes(tmp_path)), "done")  # after it, the thread has left the cancelled one
    assert not folder.exists()


BAD_VIDEOS = {
    "nothing": b"",
    "text": b"hello, world",
    "an image": jpeg(),
    "a playlist of local files": b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n",
    "a list of files": b"ffconcat version 1.0\nfile /etc/passwd\n",
}


@pytest.mark.parametrize("name", BAD_VIDEOS)
def test_what_is_no_video_is_refused(server, name):
    answer = server.client.post("/v1/video", content=BAD_VIDEOS[name], headers=VIDEO)
    assert answer.status_code == 415
    assert not server.service.jobs.jobs
    assert not list(server.service.jobs.folder.iterdir())


def test_a_damaged_video_fails_with_a_message_that_names_no_path(server, tmp_path):
    content = video_bytes(tmp_path)
    told = wait(server, start(server, content[: len(content) // 3]), "failed")
    assert "cannot decode" in told["error"]
    assert str(server.service.jobs.folder) not in told["error"]
    assert server.client.get(f"/v1/video/{told['id']}/result").status_code == 409


def test_a_video_with_too_many_frames_or_pixels_fails(tmp_path):
    with running(Limits(max_frames=5, max_pixels=64 * 48 * 4)) as server:
        assert "more than 5 frames" in wait(server, start(server, video_bytes(tmp_path)), "failed")["error"]
        large = video_bytes(tmp_path, size_wh=(128, 96))
        assert "128 x 96 pixels" in wait(server, start(server, large), "failed")["error"]


def test_too_many_or_too_large_videos_are_refused(tmp_path):
    content = video_bytes(tmp_path, num_frames=1000)  # which is still running when the next one comes
    with running(Limits(max_jobs=1, max_video_bytes=len(content))) as server:
        answer = server.client.post("/v1/video", content=content + b"x", headers=VIDEO)
        assert answer.status_code == 413
        job = start(server, content)
        answer = server.client.post("/v1/video", content=content, headers=VIDEO)
        assert answer.status_code == 429
        assert "Retry-After" in answer.headers
        server.client.delete(f"/v1/video/{job['id']}")
        start(server, content)


def test_results_are_removed_after_their_time(tmp_path):
    with running(Limits(keep_job_s=0.01)) as server:
        job = start(server, video_bytes(tmp_path))
        wait(server, job, "done")
        folder = server.service.jobs.find(job["id"]).folder
        time.sleep(0.02)
        start(server, video_bytes(tmp_path))
        assert not folder.exists()


@pytest.mark.parametrize("options", [{"draw": "yes"}, {"thr": "NaN"}, {"model": "none"}, {"nope": 1}])
def test_wrong_options_of_a_video_are_refused(server, options):
    answer = server.client.post("/v1/video", content=b"x", params=options, headers=VIDEO)
    assert answer.status_code in (400, 404)
