#!/usr/bin/env bash
# The core install with the oldest packages that pyproject.toml allows: the commands work, and the tests of the core
# pass. Needs uv (pip install uv). With arguments, those tests run instead.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
uv venv --quiet --python 3.11 "$folder/venv"
export VIRTUAL_ENV=$folder/venv
uv pip install --quiet --resolution lowest-direct "$repository"
uv pip install --quiet "pytest>=8" "hypothesis>=6.100"

# lifters and devices need torch, and the oldest typer words one message in another way
without=(-k "not lifter and not greater")

cd "$folder"
"$VIRTUAL_ENV/bin/posekit" info --check
"$VIRTUAL_ENV/bin/posekit" demo --out demo
"$VIRTUAL_ENV/bin/posekit" predict demo/demo_pose.jpg --out again --format csv
cd "$repository"
tests=("$@")
[ $# -gt 0 ] || tests=(tests/media tests/cli/predict tests/test_files.py)
"$VIRTUAL_ENV/bin/python" -m pytest -W ignore::DeprecationWarning "${without[@]}" "${tests[@]}"
