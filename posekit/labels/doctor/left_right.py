"""Whether left and right were mixed up, judged by geometry alone.

Pairs. Let v_p be the vector from the right to the left point of a pair p (shoulders, hips, ...), in units of the
instance's scale. All vectors of an instance turn and mirror with the body, so they are jointly, whichever way it faces,
distributed around zero with a covariance C_pq = E[v_p . v_q] / 2 between pairs, the same for both axes. C is estimated
from the file as that of a multivariate t distribution with 4 degrees of freedom, which mistakes hardly bend. Exchanging
the labels of some pairs turns the sign of their vectors; the labels are suspicious if that raises the instance's
likelihood by more than ``MIN_ODDS``. A whole instance with left and right exchanged contradicts nothing and is not
found this way.

Faces. Where the nose and both eyes are seen, the triangle they make has one sense of rotation, in whatever pose; the
other one means that the eyes are exchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from posekit.labels.doctor.finding import Finding
from posekit.labels.doctor.table import InstanceTable

FREEDOM = 4.0
MIN_ODDS = 150
"""Factor by which exchanged labels must be more likely for labels to be suspicious."""

MIN_INSTANCES = 50
ENOUGH = 20_000
"""So many instances, spread evenly, are enough to estimate a covariance."""

FEW_PAIRS = 12
"""Number of pairs up to which exchanges of up to three at once are tried; beyond it, only single pairs."""

MAX_CORRELATION = -0.3
"""With the other pairs: a pair below it points the other way."""

CHUNK = 4096
MIN_EYES_PX = 4.0
MIN_SINE = 0.35
"""Of the angle between the line of the eyes and the line to the nose: flatter triangles are profiles."""


class Exchange(NamedTuple):
    """Labels of an instance that fit better when exchanged.

    ``gain`` is the difference of the log-likelihoods in nats, ``pairs`` are indices of the keypoint set's flip pairs.
    """

    instance: int
    gain: float
    pairs: tuple[int, ...]


def pair_vectors(table: InstanceTable) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors from right to left (N, P, 2) in units of the scale, and which have both ends (N, P)."""
    pairs = np.array(table.metainfo["flip_pairs"], np.int64).reshape(-1, 2)
    first, second = table.points[:, pairs[:, 0], :2], table.points[:, pairs[:, 1], :2]
    known = table.labelled[:, pairs[:, 0]] & table.labelled[:, pairs[:, 1]]
    vectors = (first - second) / table.scales()[:, None, None]
    known &= np.abs(vectors).max(axis=2) < 100  # farther apart is another mistake, and would spoil the rest
    return np.where(known[..., None], vectors, 0), known


def estimate_covariance(vectors: np.ndarray, known: np.ndarray, steps: int = 8) -> np.ndarray:
    """Return the scatter matrix (P, P) of a t distribution of vectors (N, P, 2) of which some are unknown."""
    weights = np.ones(len(vectors))
    scatter = np.eye(vectors.shape[1])
    for _ in range(steps):
        weighted = vectors * weights[:, None, None]
        counts = (known * weights[:, None]).T @ known.astype(float)
        scatter = np.einsum("npd,nqd->pq", weighted, vectors) / (2 * np.maximum(counts, 1e-9))
        values, axes = np.linalg.eigh(scatter)  # not every pair of pairs is known for the same instances
        floor = max(values.max(initial=0) * 1e-3, 1e-6)
        scatter = (axes * np.maximum(values, floor)) @ axes.T
        distances = np.concatenate([forms.sum(axis=(1, 2)) for forms in quadratic_forms(vectors, known, scatter)])
        weights = (FREEDOM + 2 * known.sum(axis=1)) / (FREEDOM + distances)
    return scatter


def quadratic_forms(vectors: np.ndarray, known: np.ndarray, scatter: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the summands of v' C^-1 v of each instance (n, P, P), over the pairs that are known, in chunks."""
    unit = np.eye(len(scatter))
    for start in range(0, len(vectors), CHUNK):
        part, there = vectors[start : start + CHUNK], known[start : start + CHUNK]
        both = there[:, :, None] & there[:, None]
        inverse = np.linalg.inv(np.where(both, scatter, unit))
        yield inverse * np.einsum("npd,nqd->npq", part, part)


def find_exchanges(vectors: np.ndarray, known: np.ndarray, scatter: np.ndarray) -> list[Exchange]:
    """Return the instances whose labels fit better when exchanged, the clearest first."""
    num_pairs = len(scatter)
    most = 3 if num_pairs <= FEW_PAIRS else 1
    choices = [choice for count in range(most + 1) for choice in combinations(range(num_pairs), count)]
    signs = np.ones((len(choices), num_pairs))
    for row, choice in enumerate(choices):
        signs[row, list(choice)] = -1
    exchanges, start = [], 0
    for forms in quadratic_forms(vectors, known, scatter):
        distances = np.einsum("sp,npq,sq->ns", signs, forms, signs, optimize=True)
        freedom = FREEDOM + 2 * known[start : start + len(forms)].sum(axis=1)
        costs = (distances + FREEDOM) * (1 + 1e-6 * np.arange(len(choices)))  # of equals the one with fewer exchanges
        best = costs.argmin(axis=1)
        gains = freedom / 2 * np.log(costs[:, 0] / costs[np.arange(len(forms)), best])
        clear = np.flatnonzero(gains > np.log(MIN_ODDS)).tolist()
        exchanges += [Exchange(start + i, float(gains[i]), choices[best[i]]) for i in clear]
        start += len(forms)
    return sorted(exchanges, key=lambda exchange: -exchange.gain)


def check_left_right(table: InstanceTable) -> Iterator[Finding]:
    """Instances with pairs that contradict one another."""
    vectors, known = pair_vectors(table)
    testable = known.sum(axis=1) >= 2
    if testable.sum() < MIN_INSTANCES:
        return
    rows = np.flatnonzero(testable)
    some = rows[:: -(-len(rows) // ENOUGH)]
    scatter = estimate_covariance(vectors[some], known[some])
    yield from check_reversed_pairs(table, scatter, known)
    exchanges = find_exchanges(vectors[rows], known[rows], scatter)
    if not exchanges:
        return
    names = pair_names(table)
    counts = Counter(names[pair] for exchange in exchanges for pair in exchange.pairs)
    yield table.finding(
        "left and right mixed up", "warning",
        f"{len(exchanges)} of {len(rows)} instances ({len(exchanges) / len(rows):.1%}) have pairs that contradict "
        f"one another: with labels of one to three pairs exchanged they are over {MIN_ODDS} times as likely under a "
        f"t distribution of all instances' left-right vectors. Pairs: {described(counts)}.",
        "Look at the most suspicious ones; crossed limbs are among them. If most are mistakes, label them anew.",
        instances=rows[[exchange.instance for exchange in exchanges]],
        notes=(f": {', '.join(names[p] for p in exchange.pairs)} (gain {exchange.gain:.1f})" for exchange in exchanges),
    )  # fmt: skip


def check_reversed_pairs(table: InstanceTable, scatter: np.ndarray, known: np.ndarray) -> Iterator[Finding]:
    """Pairs that point the other way than the others in the whole file: their names are exchanged."""
    spread = np.sqrt(np.diag(scatter))
    correlations = scatter / (spread[:, None] * spread)
    axis = np.linalg.eigh(correlations)[1][:, -1]
    axis = axis * np.sign(axis.sum() or 1)
    names = pair_names(table)
    others = axis > 0.2
    against = correlations[:, others].mean(axis=1) < MAX_CORRELATION if others.any() else others
    wrong = [names[pair] for pair in np.flatnonzero(against & (known.sum(axis=0) >= MIN_INSTANCES))]
    if wrong:
        yield table.finding(
            "names of left and right exchanged", "error",
            f"In the whole file {', '.join(wrong)} point the other way than the other pairs "
            f"({', '.join(names[pair] for pair in np.flatnonzero(others))}).",
            "Look at a few images; if so, exchange these two names in the keypoint set.",
        )  # fmt: skip


def check_faces(table: InstanceTable) -> Iterator[Finding]:
    """Seen faces with the left eye where the right one should be."""
    ids = table.metainfo["keypoint_name2id"]
    if not {"nose", "left_eye", "right_eye"} <= set(ids):
        return
    nose, left, right = (table.points[:, ids[name]].astype(float) for name in ("nose", "left_eye", "right_eye"))
    eyes, down = (left - right)[:, :2], (nose - (left + right) / 2)[:, :2]
    lengths = np.stack([np.hypot(*eyes.T), np.hypot(*down.T)])
    seen = (np.stack([nose, left, right])[..., 2] == 2).all(axis=0) & (lengths >= MIN_EYES_PX).all(axis=0)
    sine = (eyes[:, 0] * down[:, 1] - eyes[:, 1] * down[:, 0]) / np.maximum(lengths.prod(axis=0), 1e-9)
    clear, wrong = seen & (np.abs(sine) > MIN_SINE), np.flatnonzero(seen & (sine < -MIN_SINE))
    if len(wrong):
        yield table.finding(
            "eyes exchanged", "warning",
            f"In {len(wrong)} of {int(clear.sum())} faces seen from the front, nose and eyes turn the wrong way: "
            "left_eye and right_eye, perhaps left and right of the whole instance, are exchanged.",
            "Exchange left and right of these instances' faces, or of everything; look which.",
            instances=wrong[np.argsort(sine[wrong])],
        )  # fmt: skip


def pair_names(table: InstanceTable) -> list[str]:
    """Return what the two points of each flip pair have in common, such as ``hip``."""
    names, common = table.names, []
    for left, right in table.metainfo["flip_pairs"]:
        words = [word for word in names[left].split("_") if word in names[right].split("_")]
        common.append("_".join(words) or f"{names[left]}/{names[right]}")
    return common


def described(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common(8))
