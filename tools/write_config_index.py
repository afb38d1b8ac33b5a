"""Write the index of posekit's configs and its pages in docs/en/configs from the files.

python tools/write_config_index.py                      # write; counts the parameters of new configs
python tools/write_config_index.py --count              # counts those of all: some minutes
python tools/write_config_index.py --scores             # take published scores from the index of released models
python tools/write_config_index.py --check              # exit 1 if a file is out of date; parameters are not counted
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from posekit.config import Config, load, packaged_configs
from posekit.config.names import configs_by_name
from posekit.zoo.config_index import DETECTION, INDEX, ConfigEntry, config_entries
from posekit.zoo.model_index import model_entries

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "en" / "configs"
TASKS = {
    "body 2d": "Body, in two dimensions",
    "body 3d": "Body, in three dimensions",
    "wholebody 2d": "Whole body: face, hands and feet too",
    "wholebody 3d": "Whole body, in three dimensions",
    "face 2d": "Face",
    "hand 2d": "Hand, in two dimensions",
    "hand 3d": "Hand, in three dimensions",
    "animal 2d": "Animals",
    "fashion 2d": "Clothes",
    DETECTION: "Detectors: boxes of people, hands, faces and COCO's classes",
}
NOTE = "<!-- Written by tools/write_config_index.py. -->\n"


def is_model(path: Path) -> bool:
    """Return whether a config is a whole model's, not the part ``_tta`` that others take for their tests."""
    folder = path.relative_to(packaged_configs()).parts[0]
    return folder.endswith(("_keypoint", DETECTION)) and not path.stem.endswith("_tta")


def entry_of(path: Path, known: dict[str, ConfigEntry], *, count: bool) -> ConfigEntry:
    """Return what a config's file says; its scores, and where they are not counted its parameters, are ``known``."""
    inside = path.relative_to(packaged_configs()).as_posix()
    config = load(path)
    student = load(config.model.student_cfg) if "student_cfg" in config.model else config
    old, detector = known.get(inside), inside.split("/")[0].endswith(DETECTION)
    size = config.get("input_size")
    return ConfigEntry(
        path=inside,
        task=DETECTION if detector else " ".join(inside.split("/")[0].split("_")[:2]),
        algorithm=student.model.type.lower() if detector else inside.split("/")[1],
        backbone=student.model.backbone.type,
        dataset=Path(config.train_dataloader.dataset.data_root).name if detector else config.dataset,
        input_size_wh=(size[0], size[1]) if size else None,
        parameters=count_parameters(student) if count or old is None else old.parameters,
        scores=old.scores if old else {},
    )


def count_parameters(config: Config, counts: dict[str, int] = {}) -> int:  # noqa: B006 - kept between calls
    import torch

    from posekit.registry import MODELS

    model = config.model.to_dict()
    key = json.dumps(model, sort_keys=True, default=str)
    if key not in counts:
        with torch.device("meta"):
            counts[key] = sum(parameter.numel() for parameter in MODELS.build(model).parameters())
    return counts[key]


def published_scores() -> dict[str, dict[str, float]]:
    """Return for each config's path the scores of the model that was released with it."""
    scores: dict[str, dict[str, float]] = {}
    for model in model_entries():
        if model.scores:
            scores.setdefault(model.config, model.scores)
    return scores


def index_text(entries: Iterable[ConfigEntry]) -> str:
    rows = [json.dumps(entry._asdict(), ensure_ascii=False) for entry in entries]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def pages(entries: list[ConfigEntry]) -> dict[str, str]:
    """Return the text of each page of docs/en/configs by its name."""
    texts = {}
    overview = [
        f"{NOTE}# Configs that posekit brings\n",
        f"{len(entries)} recipes, {sum(bool(entry.scores) for entry in entries)} of them with published scores. "
        "Name one instead of a path wherever a command takes a config:\n",
        "    posekit config list rtmpose wholebody\n    posekit train rtmpose-m_8xb256-420e_coco-256x192\n",
        "| task | configs | datasets |\n| --- | --- | --- |",
    ]
    for task, title in TASKS.items():
        own = [entry for entry in entries if entry.task == task]
        page = f"{task.replace(' ', '_')}.md"
        datasets = ", ".join(sorted({entry.dataset for entry in own}))
        overview.append(f"| [{title}]({page}) | {len(own)} | {datasets} |")
        texts[page] = f"{NOTE}# {title}\n" + "".join(
            table(algorithm, [entry for entry in own if entry.algorithm == algorithm])
            for algorithm in sorted({entry.algorithm for entry in own})
        )
    texts["README.md"] = "\n".join(overview) + "\n"
    return texts


def table(algorithm: str, entries: list[ConfigEntry]) -> str:
    rows = [
        f"| [{entry.name}](../../../configs/{entry.path}) | {entry.backbone} | {entry.dataset} | {entry.shown_input} | "
        f"{entry.shown_parameters} | {entry.shown_scores} |\n"
        for entry in entries
    ]
    columns = ("config", "backbone", "dataset", "input", "parameters", "published scores")
    head = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    return f"\n## {algorithm}\n\n{head}{''.join(rows)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", action="store_true", help="take scores from the index of released models")
    parser.add_argument("--count", action="store_true", help="count the parameters of every model again")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is out of date")
    options = parser.parse_args()
    known = {entry.path: entry for entry in config_entries()} if INDEX.is_file() else {}
    paths = sorted(path for paths in configs_by_name(packaged_configs()).values() for path in paths if is_model(path))
    entries = [entry_of(path, known, count=options.count) for path in paths]
    if options.scores:
        scores = published_scores()
        entries = [entry._replace(scores=scores.get(entry.path, {})) for entry in entries]
    texts: dict[Path, str] = {INDEX: index_text(entries)}
    texts.update({DOCS / name: text for name, text in pages(entries).items()})
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if not options.check:
        DOCS.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.write_text(texts[path], encoding="utf-8")
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date; run python tools/write_config_index.py")
    return int(bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
