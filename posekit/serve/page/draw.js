// Skeletons on a canvas.

export function personColor(id) {
  if (id < 0) return "hsl(0 0% 55%)"; // of no track
  return `hsl(${(id * 137.5 + 190) % 360} 75% 50%)`;
}

const rgb = (values, fallback) => (values ? `rgb(${values.map(Math.round).join(" ")})` : fallback);

export function idOf(person, place) {
  return person.track_ids ?? place + 1;
}

export function drawPersons(context, persons, skeleton, style) {
  // Draw the persons of an image in its pixels. Style: threshold, boxes, names.
  persons.forEach((person, place) => drawPerson(context, person, idOf(person, place), skeleton, style));
}

function drawPerson(context, person, id, skeleton, style) {
  const { keypoints, scores } = person;
  const shown = scores.map((score, k) => score >= style.threshold && keypoints[k][0] !== null);
  const size = Math.max(sizeOf(person, shown), 24);
  const width = Math.min(Math.max(size / 70, 1.5), 10);
  context.lineCap = "round";
  skeleton.skeleton_links.forEach(([a, b], link) => {
    if (!shown[a] || !shown[b]) return;
    const color = rgb(skeleton.skeleton_link_colors?.[link], personColor(id));
    for (const [thickness, stroke] of [[width * 1.9, "#181818"], [width, color]]) {
      context.lineWidth = thickness;
      context.strokeStyle = stroke;
      context.beginPath();
      context.moveTo(keypoints[a][0] + 0.5, keypoints[a][1] + 0.5);
      context.lineTo(keypoints[b][0] + 0.5, keypoints[b][1] + 0.5);
      context.stroke();
    }
  });
  keypoints.forEach(([x, y], k) => {
    if (!shown[k]) return;
    context.beginPath();
    context.arc(x + 0.5, y + 0.5, width * 1.2, 0, 2 * Math.PI);
    context.fillStyle = rgb(skeleton.keypoint_colors?.[k], personColor(id));
    context.fill();
    context.lineWidth = Math.max(width / 4, 0.8);
    context.strokeStyle = "#fff";
    context.stroke();
    if (style.names) label(context, skeleton.keypoint_id2name[k], x + width * 2, y, Math.max(size / 22, 9), "#fff");
  });
  if (style.boxes && person.boxes) {
    const [x1, y1, x2, y2] = person.boxes;
    context.lineWidth = Math.max(width / 2, 1);
    context.strokeStyle = personColor(id);
    context.strokeRect(x1 + 0.5, y1 + 0.5, x2 - x1, y2 - y1);
    if (id >= 0) label(context, `${id}`, x1 + width, Math.max(y1, 0) + Math.max(size / 12, 12), Math.max(size / 12, 12), personColor(id));
  }
}

function sizeOf(person, shown) {
  if (person.boxes) return Math.hypot(person.boxes[2] - person.boxes[0], person.boxes[3] - person.boxes[1]);
  const points = person.keypoints.filter((_, k) => shown[k]);
  if (!points.length) return 0;
  const span = (axis) => Math.max(...points.map((point) => point[axis])) - Math.min(...points.map((point) => point[axis]));
  return Math.hypot(span(0), span(1));
}

function label(context, text, x, y, px, color) {
  context.font = `600 ${px}px system-ui, sans-serif`;
  context.lineWidth = px / 4;
  context.strokeStyle = "#000a";
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}
