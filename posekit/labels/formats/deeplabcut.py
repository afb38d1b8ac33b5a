"""DeepLabCut projects: config.yaml, and a table of labels in every folder of labeled-data.

A table has header rows (scorer, perhaps individuals, bodyparts, coords) and a row for each image; it is a CSV file,
or the same as HDF5, as pandas writes it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import tracked
from posekit.csv_text import csv_text, harmless, without_mark
from posekit.files import write_atomically
from posekit.labels.hdf_table import read_hdf_table
from posekit.labels.image_files import place_images, placed_names
from posekit.labels.keypoint_data import Category, Format, Hints, Instance, KeypointData, LabelledImage
from posekit.labels.place import FoundText, Place, read_text
from posekit.labels.text_files import read_yaml, write_yaml

LABELS, TABLE = "labeled-data", "CollectedData_"
UNIQUE = "single"
"""The individual that body parts belong to which no animal has (a corner of the box, say)."""

SCORER = "posekit"


def recognises(source: Path) -> bool:
    if source.is_dir():
        return (source / LABELS).is_dir() or any(source.glob(f"{TABLE}*"))
    if source.suffix in (".csv", ".h5"):
        return source.name.startswith(TABLE)
    return source.name == "config.yaml" and (source.parent / LABELS).is_dir()


@dataclass(frozen=True)
class LabelTable:
    """Labels of one folder: columns (individual or "", body part, axis), images' names, values (rows, columns)."""

    path: Path
    columns: list[tuple[str, str, str]]
    names: list[str]
    values: np.ndarray


@dataclass(frozen=True)
class Project:
    """What config.yaml states: body parts of animals, of the rest, links by name, and whether individuals are known."""

    name: str
    parts: tuple[str, ...]
    unique: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    identity: bool = False
    scorer: str = ""


def read(source: Path, hints: Hints) -> KeypointData:
    """Read a project, its config.yaml, one folder of labeled-data, or one table.

    Raises:
        FileNotFoundError: if there are no tables of labels.
        ValueError: naming the first value that is not as it must be.
    """
    root = source if source.is_dir() else source.parent
    config = next((path for path in (root, *root.absolute().parents[:2]) if (path / "config.yaml").is_file()), None)
    project = _read_project(config / "config.yaml") if config else None
    tables = [_read_table(path) for path in tracked(_table_paths(source, root, project), "reading")]
    if project is None:
        project = _project_of(tables, root.resolve().name)
    project = _with_hints(project, hints)
    categories = [_category(project.name, project.parts, project.links)]
    categories += [_category(UNIQUE, project.unique, project.links)] if project.unique else []
    images = [image for table in tables for image in _read_rows(table, root, project, hints)]
    return KeypointData(categories, images)


def _category(name: str, parts: tuple[str, ...], links: Iterable[tuple[str, str]]) -> Category:
    return Category(name, parts, tuple((parts.index(a), parts.index(b)) for a, b in links if a in parts and b in parts))


def _with_hints(project: Project, hints: Hints) -> Project:
    if not hints.keypoints:
        return project
    if sorted(hints.keypoints) != sorted(project.parts):
        raise ValueError(f"--keypoints: the project's body parts are {', '.join(project.parts)}; give these, reordered")
    return Project(project.name, hints.keypoints, project.unique, project.links, project.identity, project.scorer)


def _read_project(path: Path) -> Project:
    place, document = Place(path), read_yaml(path)
    multi = bool(document.get("multianimalproject"))
    key = "multianimalbodyparts" if multi else "bodyparts"
    parts = place.at(key).names(_as_texts(place.get(document, key)))
    if not parts:
        raise place.at(key).wrong(FoundText("none"), "the names of the body parts")
    unique = place.at("uniquebodyparts").names(_as_texts(document.get("uniquebodyparts") or [])) if multi else ()
    links = []
    for link in place.at("skeleton").list(document.get("skeleton") or []):
        ends = [without_mark(str(end)) for end in place.at("skeleton").list(link)]
        # DeepLabCut's own template links body parts that a project need not have
        links += [(a, b) for a, b in pairwise(ends) if {a, b} <= {*parts, *unique} and a != b]
    return Project(
        name=str(document.get("Task") or "animal"),
        parts=parts,
        unique=unique,
        links=tuple(links),
        identity=bool(document.get("identity")),
        scorer=str(document.get("scorer") or ""),
    )


def _as_texts(names: Any) -> Any:
    """Return names as they were before they were written; YAML makes a whole number of a body part ``1``."""
    if not isinstance(names, list):
        return names
    return [without_mark(str(name)) if isinstance(name, str) or type(name) is int else name for name in names]


def _project_of(tables: Sequence[LabelTable], name: str) -> Project:
    columns = [column for table in tables for column in table.columns]
    parts = dict.fromkeys(part for individual, part, _ in columns if individual != UNIQUE)
    unique = dict.fromkeys(part for individual, part, _ in columns if individual == UNIQUE)
    return Project(name, tuple(parts), tuple(unique))


def _table_paths(source: Path, root: Path, project: Project | None) -> list[Path]:
    if source.is_file() and source.suffix in (".csv", ".h5"):
        return [source]
    folders = sorted(path for path in (root / LABELS).glob("*") if path.is_dir()) or [root]
    paths = []
    for folder in folders:
        tables = sorted(folder.glob(f"{TABLE}*.csv")) or sorted(folder.glob(f"{TABLE}*.h5"))
        own_tables = [path for path in tables if project and path.stem == TABLE + project.scorer]
        if len(own_tables or tables) > 1:
            names = ", ".join(path.name for path in tables)
            raise ValueError(
                f"{folder}: several tables of labels ({names}); keep one, or name its scorer in config.yaml"
            )
        paths += own_tables or tables
    if not paths:
        raise FileNotFoundError(f"{source}: no {LABELS}/*/{TABLE}*.csv or .h5 here; give the folder with config.yaml")
    return paths


def _read_table(path: Path) -> LabelTable:
    if path.suffix == ".h5":
        return _read_h5(path)
    place = Place(path)
    try:
        rows = [row for row in csv.reader(io.StringIO(read_text(path))) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(f"{path}: no valid CSV: {error}; save it again as comma-separated text") from error
    heads = {row[0].strip(): row for row in rows[:4] if row}
    keys = ["scorer", *(["individuals"] if "individuals" in heads else []), "bodyparts", "coords"]
    if [row[0].strip() for row in rows[: len(keys)]] != keys:
        head = FoundText(", ".join(row[0][:20] for row in rows[:4]) or "an empty file")
        raise place.wrong(head, "rows that start with scorer, (individuals,) bodyparts, coords", "is it such a table?")
    before = next((i for i, cell in enumerate(rows[0][1:], 1) if cell.strip()), len(rows[0]))
    heading = [[without_mark(cell.strip()) for cell in heads[key][before:]] for key in keys[1:]]
    if len(keys) == 3:
        heading.insert(0, [""] * len(heading[0]))
    columns = _checked_columns(place, heading)
    body = rows[len(keys) :]
    values = np.full((len(body), len(columns)), np.nan)
    for number, row in enumerate(body):
        if len(row) != before + len(columns):
            raise place.at(f"row {number + 1}").wrong(FoundText(f"{len(row)} cells"), str(before + len(columns)))
        for column, cell in enumerate(row[before:]):
            values[number, column] = _number(place, number, columns[column], cell)
    names = ["/".join(cell.strip() for cell in row[:before]).replace("\\", "/") for row in body]
    return LabelTable(path, columns, names, values)


def _checked_columns(place: Place, heading: Sequence[Sequence[str]]) -> list[tuple[str, str, str]]:
    if len({len(row) for row in heading}) > 1:
        lengths = ", ".join(str(len(row)) for row in heading)
        raise place.wrong(FoundText(f"header rows of {lengths} cells"), "rows of the same length")
    columns = list(zip(*heading, strict=True))
    wrong = next((column for column in columns if column[2] not in ("x", "y")), None)
    if wrong is not None:
        what = "DeepLabCut's predictions have such a column; labels" if wrong[2] == "likelihood" else "labels"
        raise place.at("coords").wrong(wrong[2], f"x and y ({what} have no other)", f"give a {TABLE}*.csv of labels")
    if len(set(columns)) < len(columns) or any(
        (c[0], c[1], "x" if c[2] == "y" else "y") not in columns for c in columns
    ):
        raise place.wrong(FoundText("a column twice or without its partner"), "one x and one y of each body part")
    return columns


def _number(place: Place, row: int, column: tuple[str, str, str], cell: str) -> float:
    if not cell.strip() or cell.strip().lower() == "nan":
        return math.nan
    return place.at(f"row {row + 1}, {' '.join(filter(None, column))}").number(cell)


def _read_h5(path: Path) -> LabelTable:
    table, place = read_hdf_table(path), Place(path)
    depth = {len(column) for column in table.columns}
    if depth not in ({3}, {4}):
        raise place.wrong(FoundText(f"columns of {sorted(depth)} names"), "scorer, (individuals,) bodyparts, coords")
    heading = list(zip(*table.columns, strict=True))[1:]
    columns = _checked_columns(place, heading if depth == {4} else [[""] * len(table.columns), *heading])
    if np.isinf(table.values).any():
        raise place.wrong(math.inf, "numbers")
    return LabelTable(path, columns, ["/".join(row).replace("\\", "/") for row in table.rows], table.values)


def _read_rows(table: LabelTable, root: Path, project: Project, hints: Hints) -> list[LabelledImage]:
    known = {*project.parts, *project.unique}
    unknown = next((part for _, part, _ in table.columns if part not in known), None)
    if unknown is not None:
        raise Place(table.path, "bodyparts").wrong(
            unknown, f"one of config.yaml's: {', '.join(sorted(known))}", "add it to config.yaml or remove the columns"
        )
    column_of = {column: index for index, column in enumerate(table.columns)}
    individuals = list(dict.fromkeys(individual for individual, _, _ in table.columns))
    layout = []
    for individual in individuals:
        unique = individual == UNIQUE and bool(project.unique)
        parts = project.unique if unique else project.parts
        # a column that is not there picks the column of NaNs at the end
        places = [[column_of.get((individual, part, axis), -1) for axis in "xy"] for part in parts]
        layout.append((individual, int(unique), np.array(places)))
    values = np.column_stack([table.values, np.full(len(table.names), np.nan)])
    images = []
    for name, row in zip(table.names, values, strict=True):
        image = LabelledImage(_image_path(name, table.path, root, hints), video=table.path.resolve().parent.name)
        for individual, category, places in layout:
            points = row[places]
            labelled = np.isfinite(points).all(axis=1)
            if labelled.any():
                keypoints = np.column_stack([np.where(labelled[:, None], points, 0), 2.0 * labelled])
                track = individual if project.identity and individual and not category else None
                image.instances.append(Instance(keypoints, category=category, track=track))
        images.append(image)
    return images


def _image_path(name: str, table: Path, root: Path, hints: Hints) -> Path:
    """Return the image of a row: labeled-data/video/image as seen from the project, else beside the table."""
    name = Place(table, "image names").text(name)
    last = name.rsplit("/", 1)[-1]
    if hints.images is not None:
        inner = hints.images / table.parent.name / last
        return inner if inner.is_file() else hints.images / last
    whole = root / name
    return whole if whole.is_file() else table.parent / last


def write(data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]:
    """Write config.yaml, and to a folder for each video its table of labels and images, as copies or links."""
    category = data.categories[0]
    videos: dict[str, list[LabelledImage]] = {}
    for image in data.images:
        videos.setdefault(str(image.video), []).append(image)
    slots = _slots(data)
    for video, images in videos.items():
        names = placed_names(images, flat=True)
        place_images(images, [dest / LABELS / video / name for name in names], copy=copy_images)
        paths = [f"{LABELS}/{video}/{name}" for name in names]
        _write_table(dest / LABELS / video / f"{TABLE}{SCORER}.csv", category, slots, images, paths)
    write_yaml(_config(category, slots, list(videos), identity=_tracked(data)), dest / "config.yaml")
    return [dest / "config.yaml"]


def _tracked(data: KeypointData) -> bool:
    return any(instance.track is not None for instance in data.instances())


def _slots(data: KeypointData) -> list[str]:
    """Return the names of the individuals; none for a project of single animals."""
    if _tracked(data):
        return list(dict.fromkeys(str(instance.track) for instance in data.instances()))
    most = max((len(image.instances) for image in data.images), default=0)
    return [f"individual{index + 1}" for index in range(most)] if most > 1 else []


def _write_table(
    path: Path, category: Category, slots: list[str], images: list[LabelledImage], paths: list[str]
) -> None:
    parts = category.keypoints
    animals = slots or [""]
    heads = [["scorer", *[SCORER] * (2 * len(parts) * len(animals))]]
    if slots:
        heads.append(["individuals", *(slot for slot in slots for _ in range(2 * len(parts)))])
    heads.append(["bodyparts", *(part for _ in animals for part in parts for _ in "xy")])
    heads.append(["coords", *("x", "y") * (len(parts) * len(animals))])
    rows: list[list[Any]] = [*heads]
    for image, name in zip(images, paths, strict=True):
        cells = np.full((len(animals), len(parts), 2), np.nan)
        for index, instance in enumerate(image.instances):
            slot = index if instance.track is None else slots.index(instance.track)
            cells[slot] = np.where(instance.labelled[:, None], instance.keypoints[:, :2], np.nan)
        rows.append([name, *(None if math.isnan(value) else value for value in cells.reshape(-1).tolist())])
    text = csv_text(rows)
    write_atomically(path, lambda file: file.write(text.encode()))


def _config(category: Category, slots: list[str], videos: list[str], *, identity: bool) -> dict[str, Any]:
    parts = names = list(map(harmless, category.keypoints))  # as in the tables, or DeepLabCut does not find them there
    if slots:
        animals = {
            "individuals": list(map(harmless, slots)),
            "uniquebodyparts": [],
            "multianimalbodyparts": parts,
            "bodyparts": "MULTI!",
        }
    else:
        animals = {"bodyparts": parts}
    return {
        "Task": category.name,
        "scorer": SCORER,
        "date": "",
        "multianimalproject": bool(slots),
        "identity": identity,
        "project_path": "",
        "video_sets": {f"videos/{video}.mp4": {"crop": ""} for video in videos},
        **animals,
        "skeleton": [[names[a], names[b]] for a, b in category.links],
        "TrainingFraction": [0.95],
        "iteration": 0,
    }


FORMAT = Format(
    name="deeplabcut",
    title="DeepLabCut project",
    recognises=recognises,
    read=read,
    write=write,
    loses=(
        *("crowds", "other_categories", "unlabelled", "hidden", "unlabelled_positions", "boxes", "areas"),
        *("segmentations", "uneven_tracks", "scores", "ids", "splits", "sizes", "swaps", "extra"),
    ),
    needs=frozenset({"videos"}),
    places_images=True,
)
