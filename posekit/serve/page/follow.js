// Ids of persons in the live image: each keeps the id of the last box that overlaps its own most.

const MIN_OVERLAP = 0.2;
const MAX_LOST = 15;

export class Follower {
  constructor() {
    this.tracks = [];
    this.next = 1;
  }

  update(persons) {
    // Give each person of a frame its id.
    const pairs = persons
      .flatMap((person, row) => this.tracks.map((track) => ({ row, track, overlap: overlapOf(person.boxes, track.box) })))
      .filter((pair) => pair.overlap >= MIN_OVERLAP)
      .sort((a, b) => b.overlap - a.overlap);
    const taken = new Set();
    for (const { row, track } of pairs) {
      if (taken.has(track) || persons[row].track_ids !== undefined) continue;
      taken.add(track);
      persons[row].track_ids = track.id;
      track.box = persons[row].boxes;
      track.lost = 0;
    }
    for (const track of this.tracks) if (!taken.has(track)) track.lost += 1;
    this.tracks = this.tracks.filter((track) => track.lost <= MAX_LOST);
    for (const person of persons.filter((person) => person.track_ids === undefined)) {
      person.track_ids = this.next++;
      this.tracks.push({ id: person.track_ids, box: person.boxes, lost: 0 });
    }
  }
}

function overlapOf(a, b) {
  const shared = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0) * Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0);
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return shared / Math.max(area(a) + area(b) - shared, 1e-9);
}
