// The page: what is dropped, chosen or filmed is sent to the server, and its poses are shown.

import { angleAt, jointsOf } from "./angles.js";
import { drawPersons, idOf, personColor } from "./draw.js";
import { ask, setUpFrame } from "./frame.js";
import { drawPlot } from "./plot.js";
import { csvOf } from "./table.js";
import { startCamera } from "./camera.js";
import { word } from "./words.js";

const element = (id) => document.getElementById(id);
const overlay = element("overlay");
const video = element("video");

// What is shown: poses in the form of the server's JSON, and where they come from.
const shown = {
  kind: null, // "image", "video" or "camera"
  poses: null,
  files: [], // of the images
  place: 0, // of the image or frame that is shown
  job: null, // of the video
  camera: null,
  work: null, // an AbortController while the server works
};

const threshold = () => Number(element("threshold").value);
const style = () => ({ threshold: threshold(), boxes: element("boxes").checked, names: element("names").checked });

function options() {
  const chosen = { model: element("model").value };
  if (element("people").value) chosen.max_people = element("people").value;
  return chosen;
}

function tell(text) {
  element("status").textContent = text;
}

function complain(error) {
  if (error.name === "AbortError") return;
  element("error").textContent = error.message;
  element("error").hidden = false;
  tell("");
}

// --- opening ---

async function open(files) {
  await close();
  const list = [...files];
  const film = list.find((file) => file.type.startsWith("video/") || /\.(mp4|mov|avi|mkv|webm|mpe?g|wmv|m4v)$/i.test(file.name));
  shown.files = film ? [film] : list;
  shown.kind = film ? "video" : "image";
  if (list.length) await predict();
}

async function close() {
  shown.work?.abort();
  shown.camera?.stop();
  forgetJob();
  video.pause();
  video.removeAttribute("src");
  video.srcObject = null;
  Object.assign(shown, { kind: null, poses: null, files: [], place: 0, camera: null, work: null });
  for (const id of ["error", "progress", "stop", "record", "strip", "frame", "blind"]) element(id).hidden = true;
  element("frame").classList.remove("blind");
  element("drop").hidden = false;
  tell("");
  show();
}

function forgetJob() {
  if (shown.job) ask(`/v1/video/${shown.job}`, { method: "DELETE", keepalive: true }).catch(() => {});
  shown.job = null;
}

async function predict() {
  // Send what is open to the server, again if settings have changed.
  shown.work?.abort();
  const work = (shown.work = new AbortController());
  element("error").hidden = true;
  element("stop").hidden = false;
  try {
    if (shown.kind === "image") await predictImages(work.signal);
    if (shown.kind === "video") await predictVideo(work.signal);
  } catch (error) {
    complain(error);
  } finally {
    if (shown.work === work) {
      element("stop").hidden = true;
      element("progress").hidden = true;
    }
  }
}

// --- images ---

async function predictImages(signal) {
  stageOf("image");
  shown.poses = null;
  const images = [];
  showStrip();
  for (const [place, file] of shown.files.entries()) {
    tell(`${word("working")} ${place + 1} / ${shown.files.length}`);
    const query = new URLSearchParams({ ...options(), name: file.name });
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    const answer = await patiently(() => ask(`/v1/predict?${query}`, { method: "POST", headers, body: file, signal }), signal);
    const poses = await answer.json();
    images.push(...poses.images);
    shown.poses = { ...poses, images };
    if (place === 0) await showImage(0);
  }
  show();
  tellCount();
}

async function patiently(call, signal) {
  // Call again while the server is busy.
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (error.status !== 429 || tries === 20 || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function showImage(place) {
  shown.place = place;
  const image = element("image");
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(shown.files[place]);
  await image.decode().catch(() => {});
  for (const [number, button] of [...element("strip").children].entries()) {
    button.setAttribute("aria-selected", number === place);
  }
  show();
}

function showStrip() {
  const strip = element("strip");
  strip.replaceChildren();
  strip.hidden = shown.files.length < 2;
  if (strip.hidden) return;
  shown.files.forEach((file, place) => {
    const button = document.createElement("button");
    const small = document.createElement("img");
    small.src = URL.createObjectURL(file);
    small.alt = file.name;
    button.type = "button";
    button.role = "option";
    button.append(small);
    button.onclick = () => showImage(place);
    strip.append(button);
  });
}

// --- videos ---

async function predictVideo(signal) {
  stageOf("video");
  shown.poses = null;
  forgetJob();
  const [file] = shown.files;
  if (!video.src) video.src = URL.createObjectURL(file);
  tell(word("sending"));
  const query = new URLSearchParams({ ...options(), name: file.name, draw: true, thr: threshold() });
  const headers = { "Content-Type": file.type.startsWith("video/") ? file.type : "application/octet-stream" };
  let job = await (await ask(`/v1/video?${query}`, { method: "POST", headers, body: file, signal })).json();
  shown.job = job.id;
  element("progress").hidden = false;
  while (job.state === "queued" || job.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, 400));
    job = await (await ask(`/v1/video/${job.id}`, { signal })).json();
    element("progress").value = job.num_frames ? job.frames_done / job.num_frames : 0;
    tell(`${word("working")} ${job.frames_done} / ${job.num_frames ?? "?"} ${word("frames")}`);
  }
  if (job.error) throw new Error(job.error);
  shown.poses = await (await ask(job.result, { signal })).json();
  fillQuantities();
  if (video.error) showBlind();
  else follow();
  show();
  tellCount();
}

function showBlind() {
  // Show the poses alone, where the browser cannot play what the server can read.
  video.hidden = true;
  element("frame").classList.add("blind");
  element("blind").hidden = false;
  element("seek").max = shown.poses.images.length - 1;
}

function follow() {
  // Show the poses of the frame that the video shows.
  if (shown.kind !== "video" || !shown.poses) return;
  const again = (now, frame) => {
    if (shown.kind !== "video" || !shown.poses) return;
    const time = frame ? frame.mediaTime : video.currentTime;
    const place = Math.min(Math.round(time * shown.poses.fps), shown.poses.images.length - 1);
    if (place !== shown.place) {
      shown.place = place;
      show();
    }
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(again);
    else requestAnimationFrame(() => again());
  };
  again(0, null);
}

// --- webcam ---

async function film() {
  await close();
  try {
    shown.kind = "camera";
    stageOf("video");
    shown.camera = await startCamera(video, { options, result: showLive, busy: tell, failed: complain });
    element("stop").hidden = false;
    element("record").hidden = !window.MediaRecorder;
  } catch (error) {
    complain(new Error(`${word("noCamera")}: ${error.message}`));
  }
}

function showLive(poses, rate) {
  const first = !shown.poses;
  shown.poses = poses;
  shown.place = poses.images.length - 1;
  if (first) fillQuantities();
  show();
  tell(`${rate.toFixed(1)} ${word("live")}`);
}

function record() {
  const button = element("record");
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  if (on) shown.camera.record(() => composed());
  else shown.camera.recorded().then((blob) => save(blob, "poses.webm"));
}

// --- showing ---

function stageOf(kind) {
  element("drop").hidden = true;
  element("frame").hidden = false;
  element("image").hidden = kind !== "image";
  video.hidden = kind !== "video";
  video.controls = shown.kind === "video";
}

function current() {
  return shown.poses?.images[shown.place];
}

function show() {
  const image = current();
  for (const id of ["json", "csv"]) element(id).disabled = !image;
  element("drawing").disabled = !image;
  element("plots").hidden = !image || shown.kind === "image";
  showTable(image);
  const context = overlay.getContext("2d");
  const [width, height] = image?.image_size_wh ?? [overlay.width, overlay.height];
  if (overlay.width !== width) overlay.width = width;
  if (overlay.height !== height) overlay.height = height;
  context.clearRect(0, 0, width, height);
  if (!image) return;
  drawPersons(context, image.persons, shown.poses.skeleton, style());
  overlay.setAttribute("aria-label", `${word("describe")}: ${image.persons.length}`);
  if (shown.kind !== "image") showPlot();
}

function showTable(image) {
  const body = element("table").tBodies[0];
  body.replaceChildren();
  element("nobody").hidden = Boolean(image?.persons.length);
  if (!image) return;
  const joints = jointsOf(shown.poses.skeleton);
  image.persons.slice(0, 20).forEach((person, place) => {
    const id = idOf(person, place);
    const mean = person.scores.reduce((sum, score) => sum + score, 0) / person.scores.length;
    const row = addRow(body, `${word("person")} ${id < 0 ? "–" : id}`, mean.toFixed(2));
    row.className = "person";
    row.cells[0].prepend(dot(id));
    for (const joint of joints) {
      const angle = angleAt(person, joint, threshold());
      if (angle !== null) addRow(body, joint.name.replaceAll("_", " "), `${angle.toFixed(0)}°`);
    }
  });
}

function addRow(body, ...texts) {
  const row = body.insertRow();
  for (const text of texts) row.insertCell().textContent = text;
  return row;
}

function dot(id) {
  const mark = document.createElement("span");
  mark.className = "dot";
  mark.style.setProperty("background", personColor(id));
  return mark;
}

function tellCount() {
  const count = shown.poses.images.reduce((sum, image) => sum + image.persons.length, 0);
  tell(`${count} ${word("persons")}`);
}

function fillQuantities() {
  const select = element("quantity");
  const before = select.value;
  const { skeleton } = shown.poses;
  select.replaceChildren();
  jointsOf(skeleton).forEach((joint, place) =>
    select.add(new Option(`${joint.name.replaceAll("_", " ")} (${word("angle")})`, `angle ${place}`)),
  );
  Object.values(skeleton.keypoint_id2name).forEach((name, k) => {
    for (const axis of [0, 1]) select.add(new Option(`${name.replaceAll("_", " ")} ${"xy"[axis]}`, `point ${k} ${axis}`));
  });
  if (before) select.value = before;
  if (!select.value) select.selectedIndex = 0;
}

function showPlot() {
  const [kind, place, axis] = element("quantity").value.split(" ");
  const joint = jointsOf(shown.poses.skeleton)[place];
  const value = (person) => {
    if (kind === "angle") return angleAt(person, joint, threshold());
    return person.scores[place] >= threshold() ? person.keypoints[place][axis] : null;
  };
  const curves = new Map();
  shown.poses.images.forEach((image, number) => {
    const time = image.time ?? number;
    for (const [row, person] of image.persons.entries()) {
      const id = idOf(person, row);
      if (id < 0) continue;
      if (!curves.has(id)) curves.set(id, { color: personColor(id), points: [], last: number - 1 });
      const curve = curves.get(id);
      if (curve.last < number - 1) curve.points.push([time, null]);
      curve.points.push([time, value(person)]);
      curve.last = number;
    }
  });
  const longest = [...curves].sort((a, b) => b[1].points.length - a[1].points.length).slice(0, 8);
  const now = current()?.time ?? null;
  drawPlot(element("plot"), longest.map(([, curve]) => curve), now, kind === "angle" ? "°" : "");
  const selected = element("quantity").selectedOptions[0]?.textContent ?? "";
  element("plot").setAttribute("aria-label", selected);
  element("legend").replaceChildren(...longest.map(([id]) => id).sort((a, b) => a - b).flatMap((id) => [dot(id), `${id}`]));
}

// --- downloads ---

function composed() {
  // Return a canvas with the image and its skeletons.
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [overlay.width, overlay.height];
  const context = canvas.getContext("2d");
  context.drawImage(shown.kind === "image" ? element("image") : video, 0, 0, canvas.width, canvas.height);
  context.drawImage(overlay, 0, 0);
  return canvas;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function stem() {
  return (current()?.file_name ?? "webcam").replace(/\.[^.]*$/, "");
}

async function saveDrawing() {
  if (shown.kind === "video") {
    save(await (await ask(`/v1/video/${shown.job}/drawing`)).blob(), `${stem()}_pose.mp4`);
  } else {
    composed().toBlob((blob) => save(blob, `${stem()}_pose.png`), "image/png");
  }
}

// --- start ---

function listen() {
  element("file").onchange = (event) => event.target.files.length && open(event.target.files);
  element("camera").onclick = film;
  element("record").onclick = record;
  element("stop").onclick = () => (shown.kind === "camera" ? stopFilming() : close());
  element("seek").oninput = () => {
    shown.place = Number(element("seek").value);
    show();
  };
  for (const id of ["boxes", "names", "quantity"]) element(id).onchange = show;
  element("threshold").oninput = () => {
    element("thresholdValue").textContent = threshold().toFixed(2);
    show();
  };
  for (const id of ["model", "people"]) element(id).onchange = () => shown.files.length && predict();
  element("json").onclick = () => save(new Blob([JSON.stringify(shown.poses)], { type: "application/json" }), `${stem()}.json`);
  element("csv").onclick = () => save(new Blob([csvOf(shown.poses)], { type: "text/csv" }), `${stem()}.csv`);
  element("drawing").onclick = () => saveDrawing().catch(complain);
  const stage = element("stage");
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      stage.classList.toggle("over", over);
      if (name === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files);
    });
  }
  addEventListener("resize", () => shown.poses && shown.kind !== "image" && showPlot());
  addEventListener("pagehide", forgetJob);
}

function stopFilming() {
  shown.camera?.stop();
  for (const id of ["stop", "record"]) element(id).hidden = true;
}

async function start() {
  setUpFrame(() => {
    if (shown.poses && shown.kind !== "image") fillQuantities();
    show();
  });
  listen();
  show();
  try {
    const { models } = await (await ask("/v1/models")).json();
    for (const model of models) element("model").add(new Option(model.name, model.name));
  } catch (error) {
    complain(error);
  }
}

start();
