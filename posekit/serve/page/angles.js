// Joint angles of persons, from the names of the keypoints or, where those are others, from the skeleton.

const LIMBS = [
  ["elbow", "shoulder", "wrist"],
  ["shoulder", "elbow", "hip"],
  ["hip", "shoulder", "knee"],
  ["knee", "hip", "ankle"],
];

export function jointsOf(skeleton) {
  // Return the joints as {name, place, ends}: the angle at a keypoint between two others.
  const names = Object.values(skeleton.keypoint_id2name);
  const places = Object.fromEntries(names.map((name, k) => [name, k]));
  const joints = ["left", "right"].flatMap((side) =>
    LIMBS.map((parts) => parts.map((part) => `${side}_${part}`))
      .filter((parts) => parts.every((part) => part in places))
      .map(([joint, first, second]) => ({ name: joint, place: places[joint], ends: [places[first], places[second]] })),
  );
  return joints.length ? joints : jointsOfLinks(skeleton, names);
}

function jointsOfLinks(skeleton, names) {
  const ends = names.map(() => []);
  for (const [a, b] of skeleton.skeleton_links) {
    ends[a].push(b);
    ends[b].push(a);
  }
  return names.map((name, place) => ({ name, place, ends: ends[place] })).filter((joint) => joint.ends.length === 2);
}

export function angleAt(person, joint, threshold) {
  // Return the angle in degrees, 0 to 180; null where a keypoint is missing.
  const places = [joint.ends[0], joint.place, joint.ends[1]];
  if (places.some((k) => person.scores[k] < threshold || person.keypoints[k][0] === null)) return null;
  const [a, b, c] = places.map((k) => person.keypoints[k]);
  const u = [a[0] - b[0], a[1] - b[1]];
  const v = [c[0] - b[0], c[1] - b[1]];
  const length = Math.hypot(...u) * Math.hypot(...v);
  if (!length) return null;
  return (Math.acos(Math.min(Math.max((u[0] * v[0] + u[1] * v[1]) / length, -1), 1)) * 180) / Math.PI;
}
