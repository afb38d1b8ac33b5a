// The webcam: frames go to the server one after the other, as fast as it answers.

import { ask } from "./frame.js";
import { Follower } from "./follow.js";
import { word } from "./words.js";

const MAX_SIDE = 640;
const MAX_FRAMES = 3000; // that the curves and downloads hold

export async function startCamera(video, { options, result, busy, failed }) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
  video.srcObject = stream;
  await video.play();
  const camera = { stopped: false, recorder: null };
  camera.stop = () => {
    camera.stopped = true;
    if (camera.recorder?.state === "recording") camera.recorder.stop();
    for (const track of stream.getTracks()) track.stop();
  };
  camera.record = (compose) => record(camera, compose);
  camera.recorded = () =>
    new Promise((resolve) => {
      camera.recorder.onstop = () => resolve(new Blob(camera.parts, { type: camera.recorder.mimeType }));
      camera.recorder.stop();
    });
  watch(video, camera, { options, result, busy }).catch((error) => {
    camera.stop();
    failed(error);
  });
  return camera;
}

async function watch(video, camera, { options, result, busy }) {
  const follower = new Follower();
  const canvas = document.createElement("canvas");
  const begin = performance.now();
  const images = [];
  let before = begin;
  let rate = 0;
  for (let frame = 0; !camera.stopped; frame++) {
    const time = (performance.now() - begin) / 1000;
    const poses = await predictFrame(video, canvas, options(), busy);
    if (camera.stopped) return;
    if (!poses) continue;
    const [image] = poses.images;
    follower.update(image.persons);
    images.push({ ...image, file_name: "webcam", frame, time });
    if (images.length > MAX_FRAMES) images.shift();
    const now = performance.now();
    rate = 0.8 * rate + 0.2 * (1000 / (now - before));
    before = now;
    camera.draw?.();
    result({ ...poses, dtypes: { ...poses.dtypes, track_ids: "int64" }, images }, rate);
  }
}

async function predictFrame(video, canvas, options, busy) {
  // Return the poses of the frame that is shown; null while the server is busy.
  const scale = Math.min(MAX_SIDE / Math.max(video.videoWidth, video.videoHeight), 1);
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const body = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  const headers = { "Content-Type": "image/jpeg" };
  try {
    return await (await ask(`/v1/predict?${new URLSearchParams(options)}`, { method: "POST", headers, body })).json();
  } catch (error) {
    if (error.status !== 429) throw error;
    busy(word("working"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    return null;
  }
}

function record(camera, compose) {
  // Record what is shown, with the skeletons, until it is asked for.
  const first = compose();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [first.width, first.height];
  camera.draw = () => canvas.getContext("2d").drawImage(compose(), 0, 0);
  camera.draw();
  camera.parts = [];
  camera.recorder = new MediaRecorder(canvas.captureStream());
  camera.recorder.ondataavailable = (event) => camera.parts.push(event.data);
  camera.recorder.start(1000);
}
