"""All checks in a row: from annotation files to findings and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from posekit.labels.doctor import entry_checks, image_checks, left_right, place_checks, repeated_labels
from posekit.labels.doctor.finding import SEVERITIES, Finding
from posekit.labels.doctor.image_scan import scan_images
from posekit.labels.doctor.source import LabelSource
from posekit.labels.doctor.statistics import Statistics, statistics
from posekit.labels.doctor.table import InstanceTable

Check = Callable[[InstanceTable], Iterator[Finding]]

CHECKS: list[Check] = [
    entry_checks.check_keypoint_set,
    entry_checks.check_unusable,
    entry_checks.check_ids,
    entry_checks.check_file_names,
    entry_checks.check_categories,
    entry_checks.check_counts,
    image_checks.check_files,
    image_checks.check_image_sizes,
    place_checks.check_box_sizes,
    place_checks.check_boxes_inside,
    place_checks.check_keypoints_inside,
    place_checks.check_visibility,
    place_checks.check_never_labelled,
    left_right.check_left_right,
    left_right.check_faces,
    repeated_labels.check_copied_annotations,
    repeated_labels.check_repeated_labels,
    entry_checks.check_coverage,
]
"""What is looked for in each file; a check of yours joins by being appended."""

CROSS_CHECKS: list[Callable[[Sequence[InstanceTable]], Iterator[Finding]]] = [image_checks.check_copies]
"""What is looked for in all files together."""


@dataclass
class Examination:
    """What was looked at and what was found, the gravest first."""

    tables: list[InstanceTable]
    findings: list[Finding]
    statistics: list[Statistics]

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data for JSON."""
        return {
            "files": [numbers.as_dict() for numbers in self.statistics],
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def count(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def counts(self) -> str:
        """Return in words how many findings of each severity there are."""
        return ", ".join(f"{count} {name}{'s' * (count != 1)}" for name in SEVERITIES for count in [self.count(name)])


def examine(
    sources: Iterable[LabelSource],
    *,
    images: bool = True,
    most_images: int | None = None,
    threads: int | None = None,
) -> Examination:
    """Read annotation files and their images and run all checks.

    Args:
        sources: see ``file_source`` and ``config_sources``.
        images: whether image files are looked at.
        most_images: number of images of each source, spread evenly; None for all.
        threads: number of threads that read images.

    Raises:
        OSError: if an annotation file is not there.
        ValueError: if one is no COCO-style file at all.
    """
    tables = [InstanceTable.read(source) for source in sources]
    for table in tables if images else ():
        table.scan = scan_images(table.images.paths, most=most_images, threads=threads, name=table.source.name)
    findings = [finding for table in tables for check in CHECKS for finding in check(table)]
    findings += [finding for check in CROSS_CHECKS for finding in check(tables)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Examination(tables, findings, [statistics(table) for table in tables])
