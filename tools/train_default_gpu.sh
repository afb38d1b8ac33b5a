#!/usr/bin/env bash
# Train both models of the embedded default where a GPU is at hand. On a CPU follow docs/en/people.md instead.
#
#   POSEKIT_DATA=/where/the/data/is tools/train_default_gpu.sh WORK_DIR [extra options of posekit train]
#
# POSEKIT_DATA holds people/ (train.json, images/, val.json, val/) and pretrained/efficientnet-lite0.safetensors, which
# tools/convert_efficientnet_lite0.py writes. WORK_DIR receives the crops (55 MB), the runs and both ONNX files.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?"give a folder for crops, runs and models"}
shift
workers=${WORKERS:-$(nproc)}
people=configs/body_2d_keypoint/topdown_heatmap/people/efficientnet-lite0_people
detector=configs/person_detection/rtmdet-lite0_people-320.py

# What a GPU wants and a CPU does not: large batches made by many workers, and nothing frozen.
gpu=(
    -o "train_dataloader.num_workers=$workers" -o train_dataloader.persistent_workers=True
    -o env_cfg.num_threads=None -o model.backbone.frozen_stages=-1 --precision bf16-mixed
)

if [ ! -f "$POSEKIT_DATA/people-crops/train.json" ]; then
    python tools/pack_people.py "$POSEKIT_DATA/people/train.json" "$POSEKIT_DATA/people/images" \
        "$POSEKIT_DATA/people-crops" --dev "${DEV:-300}" --webp 70
fi
posekit train "$people-128x96.py" --work-dir "$out/pose-128" "${gpu[@]}" -o train_dataloader.batch_size=256 \
    -o lr=2e-3 -o max_epochs=40 -o val_interval=10 "$@"
posekit train "$people-192x144.py" --work-dir "$out/pose-192" "${gpu[@]}" -o train_dataloader.batch_size=256 \
    -o lr=1.5e-3 -o max_epochs=25 -o val_interval=5 --load-from "$out/pose-128/last.pth" "$@"
posekit train "$detector" --work-dir "$out/detector" "${gpu[@]}" -o train_dataloader.batch_size=64 \
    -o optim_wrapper.optimizer.lr=2e-3 -o load_from=None -o train_cfg.max_epochs=40 -o train_cfg.val_interval=10 \
    -o param_scheduler.1.end=40 -o param_scheduler.1.T_max=40 "$@"

posekit export "$people-192x144.py" "$out/pose-192/last.pth" --half -o "$out/default.onnx"
posekit export "$detector" "$out/detector/last.pth" --half -o "$out/detector.onnx"
