"""Write the index of released models from a file of facts about them.

python tools/write_model_index.py FACTS.json          # posekit/zoo/models.json from {"models": [], "more_files": []}
python tools/write_model_index.py --check RECORDS.gz  # build every model; compare keys and shapes with records of them

``RECORDS.gz`` is a list of ``{"config": path, "state": [[key, shape, kind], ...]}``. Building takes minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Container, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from posekit.config import load, packaged_configs
from posekit.config.names import configs_by_name
from posekit.zoo.model_index import INDEX, ModelEntry, model_entries

HASH = re.compile(r"[-_](?!(?:19|20)\d{6}(?:_|\.))([0-9a-f]{7,8})(?=[-_.])")
"""The first digits of a SHA-256 in a file's name; a date looks like one."""

MAIN_METRICS = ["AP", "Whole AP", "Total", "Mean", "Mean@0.1", "AUC", "PCK"]
MAIN_METRICS += ["NME", "NME full", "NME test", "MPJPE", "MPJPE-all"]

ALIASES = {
    "rtmpose-t_8xb256-420e_body8-256x192": ["rtmpose-t"],
    "rtmpose-s_8xb256-420e_body8-256x192": ["rtmpose-s"],
    "rtmpose-m_8xb256-420e_body8-256x192": ["rtmpose-m"],
    "rtmpose-x_simcc-body7_pt-body7_700e-384x288": ["rtmpose-x"],
    "rtmo-t_8xb32-600e_body7-416x416": ["rtmo-t"],
    "rtmo-s_8xb32-600e_body7-640x640": ["rtmo-s"],
    "rtmo-m_16xb16-600e_body7-640x640": ["rtmo-m"],
    "rtmo-l_16xb16-600e_body7-640x640": ["rtmo-l"],
    "rtmw-m_8xb1024-270e_cocktail14-256x192": ["rtmw-m"],
    "rtmw-l_8xb320-270e_cocktail14-384x288": ["rtmw-l"],
    "rtmw-x_8xb320-270e_cocktail14-384x288": ["rtmw-x"],
    "td-hm_hrnet-w32_8xb64-210e_coco-256x192": ["hrnet-w32"],
    "td-hm_hrnet-w48_8xb32-210e_coco-256x192": ["hrnet-w48"],
    "td-hm_res50_8xb64-210e_coco-256x192": ["resnet-50"],
    "rtmpose-t_simcc-ucoco_dw-ucoco_270e-256x192": ["dwpose-t"],
    "rtmpose-s_simcc-ucoco_dw-ucoco_270e-256x192": ["dwpose-s"],
    "rtmpose-m_simcc-ucoco_dw-ucoco_270e-256x192": ["dwpose-m"],
    "rtmpose-l_simcc-ucoco_dw-ucoco_270e-256x192": ["dwpose-l"],
    "rtmpose-l_simcc-ucoco_dw-ucoco_270e-384x288": ["dwpose-l-384x288", "dwpose"],
    "rtmdet_m_8xb32-300e_coco": ["rtmdet-m"],
    "rtmdet_tiny_8xb32-300e_coco": ["rtmdet-tiny"],
    "rtmdet_m_8xb32-100e_coco-obj365-person": ["rtmdet-m-person"],
    "rtmdet_nano_8xb32-100e_coco-obj365-person": ["rtmdet-nano-person", "rtmdet-nano"],
    "rtmdet_nano_8xb32-300e_hand": ["rtmdet-nano-hand"],
    "yolo-x_8xb8-300e_coco-face": ["yolox-face"],
    "motionbert_dstformer-ft-243frm_8xb32-120e_h36m": ["motionbert"],
    "rtmw3d-l_8xb64_cocktail14-384x288": ["rtmw3d-l"],
    "rtmw3d-x_8xb64_cocktail14-384x288": ["rtmw3d-x"],
    "top_down_256x192_global_small": ["uniformer-s"],
    "top_down_256x192_global_base": ["uniformer-b"],
    "best_NME_epoch_80": ["skps-wflw"],
    "best_NME_epoch_113": ["skps-cofw"],
    "group_fisher_finetune_rtmpose-s_8xb256-420e_aic-coco-256x192": ["rtmpose-s-pruned"],
}
"""Short names besides those of the facts."""

ONE_OWNER = {"face": "rtmpose-m_8xb64-120e_lapa-256x256", "wholebody": "rtmw-m_8xb1024-270e_cocktail14-256x192"}
"""Aliases that the facts give to two models, with the one that MMPose 1.x takes: the later in its list."""

MORE_CONFIGS = {
    "rtmdet_m_8xb32-100e_coco-obj365-person": "rtmdet_m_640-8xb32_coco-person",
    "rtmdet_nano_8xb32-100e_coco-obj365-person": "rtmdet_nano_320-8xb32_coco-person",
    "rtmdet_nano_8xb32-300e_hand": "rtmdet_nano_320-8xb32_hand",
    "yolo-x_8xb8-300e_coco-face": "yolox-s_8xb8-300e_coco-face",
    "td-hm_ViTPose-huge_3rdparty_coco-256x192": "td-hm_ViTPose-huge_8xb64-210e_coco-256x192",
    "hrnet_w48_coco_256x192": "td-hm_hrnet-w48_8xb32-210e_coco-256x192",
    "deeppose_res50_coco_256x192_rle": "td-reg_res50_rle-8xb64-210e_coco-256x192",
    "internet_res50_interhand3d": "internet_res50_4xb16-20e_interhand3d-256x256",
    "rtmpose-t_simcc-ucoco_dw-ucoco_270e-256x192": "rtmpose-t_8xb64-270e_coco-ubody-wholebody-256x192",
    "rtmpose-s_simcc-ucoco_dw-ucoco_270e-256x192": "rtmpose-s_8xb64-270e_coco-ubody-wholebody-256x192",
    "rtmpose-m_simcc-ucoco_dw-ucoco_270e-256x192": "rtmpose-m_8xb64-270e_coco-ubody-wholebody-256x192",
    "rtmpose-l_simcc-ucoco_dw-ucoco_270e-256x192": "rtmpose-l_8xb64-270e_coco-ubody-wholebody-256x192",
    "rtmpose-l_simcc-ucoco_dw-ucoco_270e-384x288": "rtmpose-l_8xb32-270e_coco-ubody-wholebody-384x288",
    "rtmw3d-x_8xb64_cocktail14-384x288": "rtmw3d-x_8xb32_cocktail14-384x288",
    "top_down_256x192_global_small": "td-hm_uniformer-s-8xb128-210e_coco-256x192",
    "top_down_384x288_global_small": "td-hm_uniformer-s-8xb128-210e_coco-384x288",
    "top_down_448x320_global_small": "td-hm_uniformer-s-8xb64-210e_coco-448x320",
    "top_down_256x192_global_base": "td-hm_uniformer-b-8xb128-210e_coco-256x192",
    "top_down_384x288_global_base": "td-hm_uniformer-b-8xb32-210e_coco-384x288",
    "top_down_448x320_global_base": "td-hm_uniformer-b-8xb32-210e_coco-448x320",
    "best_NME_epoch_80": "td-hm_hrnetv2-w18_skps-1xb64-80e_wflw-256x256",
    "best_NME_epoch_113": "td-hm_hrnetv2-w18_skps-1xb16-160e_cofw-256x256",
    "rtmpose-x_simcc-body7_pt-body7_700e-384x288": "rtmpose-x_8xb256-700e_coco-384x288",
    "rtmpose-x_simcc-coco-wholebody_pt-body7_270e-384x288": "rtmpose-x_8xb32-270e_coco-wholebody-384x288",
    "yolox-pose_tiny_8xb32-300e-rtmdet-hyp_coco": "yolox-pose_tiny_4xb64-300e_coco",
    "yolox-pose_s_8xb32-300e-rtmdet-hyp_coco": "yolox-pose_s_8xb32-300e_coco",
    "yolox-pose_m_8xb32-300e-rtmdet-hyp_coco": "yolox-pose_m_4xb64-300e_coco",
    "yolox-pose_l_8xb32-300e-rtmdet-hyp_coco": "yolox-pose_l_4xb64-300e_coco",
    "group_fisher_finetune_rtmpose-s_8xb256-420e_coco-256x192": "rtmpose-s-pruned_8xb256-420e_coco-256x192",
    "group_fisher_finetune_rtmpose-s_8xb256-420e_aic-coco-256x192": "rtmpose-s-pruned_8xb256-420e_aic-coco-256x192",
}
"""Configs of weights beside the published list that are not called like them, by the names of both."""

MIRRORS = {
    "235e8209": ["https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth"],
}  # fmt: skip
"""Further addresses of files, by their hash."""

BODY7 = ["AI Challenger", "COCO", "CrowdPose", "MPII", "sub-JHMDB", "Halpe", "PoseTrack18"]
COCKTAIL14 = ["AI Challenger", "CrowdPose", "MPII", "sub-JHMDB", "Halpe", "PoseTrack18", "COCO-WholeBody", "UBody"]
COCKTAIL14 += ["Human-Art", "WFLW", "300W", "COFW", "LaPa", "InterHand2.6M"]
DATA_BY_WORD = {
    "humanart": ["COCO", "Human-Art"],
    "ucoco": ["COCO-WholeBody", "UBody"],
    "rtmw3d": [*(each for each in COCKTAIL14 if each not in ("Human-Art", "InterHand2.6M")), "H3WB"],
    "cocktail14": COCKTAIL14,
    "obj365": ["COCO", "Objects365"],
    "wholebody": ["COCO-WholeBody"],
    "body7": BODY7,
    "face6": ["COCO-Wholebody-Face", "WFLW", "300W", "COFW", "Halpe", "LaPa"],
    "aic": ["COCO", "AI Challenger"],
    "ap10k": ["AP-10K"],
    "apt36k": ["APT-36K"],
    "onehand10k": ["OneHand10K"],
    "interhand3d": ["InterHand2.6M"],
    "coco-face": [],
    "top_down_": ["COCO"],
    "best_nme_epoch_80": ["WFLW"],
    "best_nme_epoch_113": ["COFW"],
    "coco": ["COCO"],
    "yolox_": ["COCO"],
}
CORRECTED_DATA = {
    "rtmo-s_8xb32-600e_coco-640x640": ["COCO"],
    "rtmo-m_16xb16-600e_coco-640x640": ["COCO"],
    "rtmo-l_16xb16-600e_coco-640x640": ["COCO"],
    "rtmo-l_16xb16-700e_body7-crowdpose-640x640": BODY7,
    **dict.fromkeys(
        [
            "rtmw-m_8xb1024-270e_cocktail14-256x192",
            "rtmw-l_8xb1024-270e_cocktail14-256x192",
            "rtmw-l_8xb320-270e_cocktail14-384x288",
            "rtmw-x_8xb704-270e_cocktail14-256x192",
            "rtmw-x_8xb320-270e_cocktail14-384x288",
        ],
        COCKTAIL14,
    ),
}
"""Training data where the facts are wrong: copied from another model, or only the first of many."""
CORRECTED_SCORES = {
    "rtmo-s_8xb32-600e_coco-640x640": {"COCO AP": 0.677},
    "rtmo-m_16xb16-600e_coco-640x640": {"COCO AP": 0.709},
    "rtmo-l_16xb16-600e_coco-640x640": {"COCO AP": 0.724},
    "rtmpose-m_8xb64-120e_lapa-256x256": {"LaPa NME": 1.29},
    "yolox-pose_tiny_4xb64-300e_coco": {"COCO AP": 0.518, "COCO AR": 0.566},
    "yolox-pose_s_8xb32-300e_coco": {"COCO AP": 0.632, "COCO AR": 0.676},
    "yolox-pose_m_4xb64-300e_coco": {"COCO AP": 0.685, "COCO AR": 0.727},
    "yolox-pose_l_4xb64-300e_coco": {"COCO AP": 0.706, "COCO AR": 0.747},
    "yolox-pose_tiny_8xb32-300e-rtmdet-hyp_coco": {"COCO AP": 0.528},
    "yolox-pose_s_8xb32-300e-rtmdet-hyp_coco": {"COCO AP": 0.637},
    "yolox-pose_m_8xb32-300e-rtmdet-hyp_coco": {"COCO AP": 0.693},
    "yolox-pose_l_8xb32-300e-rtmdet-hyp_coco": {"COCO AP": 0.711},
    "rtmw3d-l_8xb64_cocktail14-384x288": {"COCO-WholeBody AP": 0.678, "H3WB MPJPE": 0.056},
    "rtmw3d-x_8xb64_cocktail14-384x288": {"COCO-WholeBody AP": 0.68, "H3WB MPJPE": 0.057},
    "top_down_256x192_global_small": {"COCO AP": 0.74},
    "top_down_384x288_global_small": {"COCO AP": 0.759},
    "top_down_448x320_global_small": {"COCO AP": 0.762},
    "top_down_256x192_global_base": {"COCO AP": 0.75},
    "top_down_384x288_global_base": {"COCO AP": 0.767},
    "top_down_448x320_global_base": {"COCO AP": 0.774},
    "best_NME_epoch_80": {"WFLW NME": 3.88},
    "best_NME_epoch_113": {"COFW NME": 3.2},
    "group_fisher_finetune_rtmpose-s_8xb256-420e_coco-256x192": {"COCO AP": 0.691},
    "group_fisher_finetune_rtmpose-s_8xb256-420e_aic-coco-256x192": {"COCO AP": 0.694},
}
"""Scores where the facts name another dataset than the one that was scored on, or none."""
SAME_DATA = {"AIC": "AI Challenger"}
"""Training data by a word of a file's name; the first that fits counts."""

NOTES = {
    "topdown_heatmap_swin_b_p4_w7_fpn_coco_256x192": "no config: published for MMPose 0.x only, whose file is gone",
    "td-hm_res101_8xb32-210e_coco-384x288": "the published address is that of the 256x192 model",
}
NO_CONFIG = {
    "backbone": "no config: a backbone for training to start from",
    "detector": "no config: posekit has none of this detector",
    "pose": "no config: MMPose keeps it among its projects, posekit has none",
    "onnx": "no config: an exported model needs none",
    "group_fisher": "no config: pruned by MMRazor, to other shapes",
}
ALGORITHMS = {
    "yolox-pose": "YOLOXPose",
    "cspnext-": "CSPNeXt",
    "rtmdet": "RTMDet",
    "yolox_": "YOLOX",
    "yolo-x": "YOLOX",
    "cascade_rcnn": "Cascade R-CNN",
    "faster_rcnn": "Faster R-CNN",
    "rfdetr": "RF-DETR",
    "rtmw3d": "RTMW3D",
    "rtmw-": "RTMPose",
    "/rtmpose-": "RTMPose",
    "rtmpose-s_8xb": "RTMPose",
    "vitpose": "ViTPose",
    "hrnet": "HRNet",
    "vipnas": "ViPNAS",
    "rle-": "RLE",
    "res50_8xb64": "SimpleBaseline2D",
    "internet": "InterNet",
    "uniformer": "UniFormer",
    "skps": "SKPS",
}
"""Algorithms by a part of the address; the first that fits counts."""

LEFT_OUT = ("annotations.zip", "annotation_files.zip", "rtmpose-cpu.zip")
"""Files that are no models."""


def clean(config: str) -> str:
    """Return a config's name from a path in the facts, where one has a doubled hyphen."""
    return PurePosixPath(config).stem.replace("--", "-")


def inside(name: str) -> str:
    """Return the path of the config of that name below posekit's folder of configs; empty where there is none."""
    paths = configs_by_name(packaged_configs()).get(name, [])
    return paths[0].relative_to(packaged_configs()).as_posix() if paths else ""


def hash_of(url: str) -> str:
    """Return the first digits of a file's SHA-256; the name of an archive or ONNX file has those of the weights."""
    hashes = HASH.findall(PurePosixPath(url).name) if url.endswith(".pth") else []
    return hashes[-1] if hashes else ""


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def scores_of(results: list[dict[str, Any]]) -> dict[str, float]:
    """Return the main metric on each dataset."""
    scores: dict[str, float] = {}
    for result in results:
        metric = next((each for each in MAIN_METRICS if each in result["metrics"]), None)
        if metric is not None:
            scores.setdefault(f"{result['dataset']} {metric}", result["metrics"][metric])
    return scores


def pose_models(rows: list[dict[str, Any]]) -> list[ModelEntry]:
    """Return the models of the published list; rows of one config and file, with several results, are one model."""
    merged: dict[tuple[str, str], ModelEntry] = {}
    for row in rows:
        url = row["weights"].lstrip("(")  # one address has a bracket too many
        key = clean(row["config"]), url
        scores = scores_of(row["results"])
        if key in merged:
            scores = {**scores, **merged[key].scores}
            merged[key] = merged[key]._replace(scores=scores)
            continue
        path, data = inside(key[0]), listed(row["training_data"])
        name = key[0] if path else row["name"]
        aliases = [each for each in row["aliases"] if ONE_OWNER.get(each, name) == name] + ALIASES.get(name, [])
        merged[key] = ModelEntry(
            name=name,
            aliases=tuple(dict.fromkeys(aliases)) + ((row["name"],) if names_one_model(row, rows, name) else ()),
            kind="pose",
            task=row["results"][0]["task"].lower().removesuffix(" keypoint"),
            algorithm=row["algorithm"],
            config=path,
            urls=(url,),
            sha256=hash_of(url),
            training_data=tuple(CORRECTED_DATA.get(name) or [SAME_DATA.get(each, each) for each in data]),
            scores=CORRECTED_SCORES.get(name, scores),
            note=NOTES.get(name, ""),
        )
    return list(merged.values())


def names_one_model(row: dict[str, Any], rows: list[dict[str, Any]], name: str) -> bool:
    """Return whether a model's published name, where it is not its config's, belongs to no other model."""
    return row["name"] != name and not any(clean(other["config"]) == row["name"] for other in rows)


def more_models(files: list[dict[str, str]], models: list[ModelEntry]) -> list[ModelEntry]:
    """Return all models: those with more addresses where files have them, and after them those of further files.

    Detectors, backbones and exported models are among the files.
    """
    by_file = {PurePosixPath(entry.urls[0]).stem: entry for entry in models}
    entries = {entry.name: entry for entry in models}
    weights = [file["url"] for file in files if not file["url"].endswith(LEFT_OUT)]
    for url in sorted(weights, key=lambda url: not url.endswith(".pth")):  # exported models are named after weights
        stem = PurePosixPath(url).stem
        entry = more_model(url, by_file.get(stem), entries)
        entries[entry.name] = entry
        by_file.setdefault(stem, entry)
    return list(entries.values())


def more_model(url: str, source: ModelEntry | None, taken: Container[str]) -> ModelEntry:
    """Return one file as a model.

    Args:
        source: the model that it is another copy of, or was exported from, if one is known.
        taken: names of other models.
    """
    stem = PurePosixPath(url).stem
    is_onnx = not url.endswith(".pth")
    if source is not None and not is_onnx:
        return source._replace(urls=tuple(dict.fromkeys((*source.urls, url))))
    if source is not None:
        aliases = tuple(f"{alias}-onnx" for alias in source.aliases)
        note = "" if source.config else NO_CONFIG["onnx"]
        return source._replace(name=f"{source.name}-onnx", aliases=aliases, urls=(url,), sha256="", note=note)
    name = f"{bare(stem)}-onnx" if is_onnx else bare(stem)
    path, sha256, kind = inside(MORE_CONFIGS.get(name, name)), hash_of(url), kind_of(stem)
    note = "group_fisher" if "group_fisher" in stem else "onnx" if is_onnx else kind
    return ModelEntry(
        name=f"{name}-{sha256}" if name in taken else name,
        aliases=tuple(ALIASES.get(name, ())),
        kind=kind,
        task="detection" if kind == "detector" else task_of(stem, path),
        algorithm=next((algorithm for word, algorithm in ALGORITHMS.items() if word in url.lower()), "not known"),
        config=path,
        urls=(url, *MIRRORS.get(sha256, [])),
        sha256=sha256,
        training_data=tuple(next((data for word, data in DATA_BY_WORD.items() if word in stem.lower()), [])),
        scores=CORRECTED_SCORES.get(name, {}),
        note="" if path else NO_CONFIG[note],
    )


def bare(stem: str) -> str:
    """Return a file's name without hash and date."""
    return re.sub(r"([-_](?:[0-9a-f]{7,8}|(?:19|20)\d{6}(?:_\d{6})?))+$", "", stem)


def kind_of(stem: str) -> str:
    if stem.startswith(("cspnext-",)):
        return "backbone"
    detectors = ("rtmdet", "yolox_", "yolo-x", "rfdetr", "cascade_rcnn", "faster_rcnn")
    return "detector" if stem.startswith(detectors) else "pose"


def task_of(stem: str, config: str) -> str:
    """Return such as ``hand 2d``, by a model's config or file."""
    if config:
        return " ".join(config.split("/")[0].split("_")[:2])
    words = {
        "imagenet": "classification",
        "in1k": "classification",
        "rtmw3d": "wholebody 3d",
        "wholebody": "wholebody 2d",
        "cocktail14": "wholebody 2d",
        "ucoco": "wholebody 2d",
        "face": "face 2d",
        "NME": "face 2d",
        "hand": "hand 2d",
        "ap10k": "animal 2d",
        "apt36k": "animal 2d",
    }
    return next((task for word, task in words.items() if word in stem), "body 2d")


def index_text(entries: Iterable[ModelEntry]) -> str:
    rows = [json.dumps(entry._asdict(), ensure_ascii=False) for entry in entries]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def built_shapes(path: str) -> dict[str, tuple[int, ...]]:
    """Return keys and shapes of a config's model; of the student, where one model teaches another."""
    import torch

    from posekit.registry import MODELS

    config = load(f"posekit::{path}")
    if "student_cfg" in config.model:
        config = load(config.model.student_cfg)
    with torch.device("meta"):
        model = MODELS.build(config.model.to_dict())
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def check(records: Path) -> int:
    """Build every model and compare it with the record of its config; return the number that differ."""
    with gzip.open(records, "rt", encoding="utf-8") as file:
        recorded = {clean(row["config"]): row["state"] for row in json.load(file)}
    wrong, compared = 0, 0
    paths = sorted({entry.config for entry in model_entries() if entry.config})
    for path in paths:
        shapes = built_shapes(path)
        state = recorded.get(clean(path))
        if state is not None:
            compared += 1
            if shapes != {key: tuple(shape) for key, shape, _ in state}:
                wrong += 1
                print(f"{path}: keys or shapes differ from the record")
    print(f"{len(paths)} configs build, {compared} compared with records, {wrong} differ")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facts", type=Path, nargs="?", help="JSON file of facts about released models")
    parser.add_argument("--check", type=Path, metavar="RECORDS", help="build the models of the index and compare")
    options = parser.parse_args()
    if options.facts is not None:
        facts = json.loads(options.facts.read_text(encoding="utf-8"))
        models = pose_models(facts["models"])
        entries = more_models(facts["more_files"], models)
        INDEX.write_text(index_text(entries), encoding="utf-8")
        print(f"{INDEX}: {len(entries)} models, {sum(not entry.config for entry in entries)} of them without a config")
    return min(check(options.check), 1) if options.check is not None else 0


if __name__ == "__main__":
    raise SystemExit(main())
