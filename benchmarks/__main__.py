"""Run benchmark cases, print one table and keep the numbers.

python -m benchmarks             # all cases
python -m benchmarks C4 "C5 d"   # those whose names contain one of these
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
from pathlib import Path

from benchmarks.case import Case
from posekit.inference.speed import surroundings

HERE = Path(__file__).resolve().parent


def all_cases() -> list[Case]:
    """Return the ``CASES`` of every module in this folder."""
    cases: list[Case] = []
    for path in sorted(HERE.glob("[!_]*.py")):
        cases += getattr(importlib.import_module(f"benchmarks.{path.stem}"), "CASES", [])
    return sorted(cases, key=lambda case: case.name)


def commit() -> str:
    """Return the commit that is measured."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    return done.stdout.strip()


def print_table(rows: list[tuple[Case, dict[str, float]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("case", "workload", "goal", "measured")
    for case, numbers in rows:
        text = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        table.add_row(case.name, case.workload, case.goal, text)
    Console(width=150).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of the names of cases")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch and OpenCV")
    args = parser.parse_args()
    import cv2
    import torch

    from posekit.engine.trainer import tune_cpu

    tune_cpu()  # as every training run does; the baselines profit as well
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    chosen = [case for case in all_cases() if not args.names or any(name in case.name for name in args.names)]
    rows = [(case, case.run()) for case in chosen]
    print_table(rows)
    found = {**surroundings(), "commit": commit()}
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    machine = found["hardware"].get("gpu", f"{platform.machine()}-{os.cpu_count()}cores").replace(" ", "-").lower()
    target = folder / f"{found['date'][:10]}-{machine}.json"
    kept = json.loads(target.read_text()).get("cases", {}) if target.exists() else {}
    kept |= {case.name: {"workload": case.workload, "goal": case.goal, **numbers} for case, numbers in rows}
    target.write_text(json.dumps({**found, "threads": args.threads, "cases": kept}, indent=1) + "\n")
    print(f"written to {target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target}")


if __name__ == "__main__":
    main()
