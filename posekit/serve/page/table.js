// The poses as CSV, with the columns of `posekit predict --format csv`.

export function csvOf(poses) {
  const axes = poses.dimensions === 3 ? ["x", "y", "z"] : ["x", "y"];
  const head = ["image", "frame", "time", "person", "track_id", "score", "box_score", "box_x1", "box_y1", "box_x2", "box_y2"];
  const visible = poses.images.some((image) => image.persons.some((person) => person.visible));
  for (const name of poses.keypoint_names) {
    head.push(...axes.map((axis) => `${name}_${axis}`), `${name}_score`, ...(visible ? [`${name}_visible`] : []));
  }
  const rows = poses.images.flatMap((image) => image.persons.map((person, row) => cells(image, person, row, visible)));
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function cells(image, person, row, visible) {
  const score = person.scores.reduce((sum, value) => sum + value, 0) / person.scores.length;
  const points = person.keypoints.flatMap((point, k) => [
    ...point,
    person.scores[k],
    ...(visible ? [person.visible?.[k]] : []),
  ]);
  const boxes = person.boxes ?? [null, null, null, null];
  return [image.file_name, image.frame, image.time, row, person.track_ids, score, person.box_scores, ...boxes, ...points];
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value; // no spreadsheet runs a name as a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
