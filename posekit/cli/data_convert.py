"""``posekit data convert``: labelled data from one format to another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from posekit.labels.keypoint_data import Category


def convert(
    source: Annotated[Path, typer.Argument(help="File or folder of labels.")],
    dest: Annotated[Path, typer.Argument(help="Folder to write, or a file such as x.json.")],
    source_format: Annotated[
        str | None, typer.Option("--from", help="Format of SOURCE; recognised by default.")
    ] = None,
    dest_format: Annotated[
        str | None,
        typer.Option("--to", help="Format of DEST; by default what its name suggests, or coco for a folder."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images, if they are not where SOURCE says.")
    ] = None,
    keypoints: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Keypoint names in order, or the name of a keypoint set.")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Keep only this category.")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Division into parts: val=0.2, or val=0.1,test=0.1, or none; videos stay whole where they are known. "
            "For ubody and ubody3d: intra or inter."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the division.")] = 0,
    padding: Annotated[
        float, typer.Option(help="Margin of boxes made from keypoints, as a share of their extent, on each side.")
    ] = 0.25,
    whole: Annotated[
        bool, typer.Option("--whole-image", help="Make missing boxes from the whole image, not from the keypoints.")
    ] = False,
    copy_images: Annotated[
        bool, typer.Option("--copy-images", help="Copy the images instead of leaving them where they are.")
    ] = False,
    allow_outside: Annotated[
        bool,
        typer.Option("--allow-outside", help="Copy or link images outside of SOURCE's folder and of --images as well."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept the proposed flip pairs.")] = False,
    swap: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Flip pair in place of the proposed ones; repeatable.")
    ] = None,
    no_flip: Annotated[bool, typer.Option("--no-flip", help="Accept that there are no flip pairs.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write to a DEST that already exists.")] = False,
    every: Annotated[
        int | None, typer.Option(help="Interval between frames to take, for h36m (5 by default) and mpi-inf-3dhp (1).")
    ] = None,
    no_frames: Annotated[
        bool, typer.Option("--no-frames", help="Unpack only the labels of a dataset, no images.")
    ] = False,
) -> None:
    """Convert labelled data: coco, yolo, deeplabcut, sleap, labelstudio, cvat, labelme, openpose.

    Public datasets as their authors distribute them, with --from: wflw, 300w, 300wlp, 300vw, lapa, cofw,
    animalpose, macaque, deepposekit, mpii (also --to mpii). Unpacked, with their videos' frames,
    into what their own classes read: h36m, mpi-inf-3dhp, ubody, ubody3d. SOURCE is the folder that
    the authors' archives were extracted to; docs/en/own_data.md lists what each has to hold.

    The command lists what DEST's format cannot hold. Flip pairs (keypoints that trade places in a mirrored
    image) are proposed from their names and taken only when confirmed.
    """
    from posekit.labels.convert import Options
    from posekit.labels.convert import convert as run
    from posekit.labels.keypoint_data import Hints

    if not 0 <= padding <= 10:
        raise ValueError(f"--padding {padding}: give a share of the keypoints' extent, 0 to 10")
    options = Options(
        source_format=source_format,
        dest_format=dest_format,
        hints=Hints(images, keypoint_names(keypoints) if keypoints else ()),
        category=category,
        split=split,
        seed=seed,
        padding=padding,
        whole=whole,
        copy_images=copy_images,
        overwrite=overwrite,
        allow_outside=allow_outside,
        every=every,
        frames=not no_frames,
    )
    flips = FlipPairs(yes=yes, pairs=swap or (), none=no_flip)
    run(source, dest, options, tell=typer.echo, decide_swaps=flips.decide)


def keypoint_names(text: str) -> tuple[str, ...]:
    """Return the names that ``a,b,c`` lists, or those of a keypoint set.

    Raises:
        FileNotFoundError: if there is no such keypoint set.
        ValueError: if a name comes twice.
    """
    if "," not in text:
        from posekit.keypoints.skeleton import Skeleton

        return Skeleton.load(text).names
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ValueError(f"--keypoints: '{twice}' comes twice; names must differ")
    return names


def asks() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()


class FlipPairs:
    """Decides on flip pairs by the options of the command line, or asks.

    Args:
        yes: accept what is proposed.
        pairs: ``a:b`` each, instead of what is proposed.
        none: there are none.

    Raises:
        ValueError: if these contradict each other.
    """

    def __init__(self, *, yes: bool = False, pairs: Sequence[str] = (), none: bool = False) -> None:
        if yes + bool(pairs) + none > 1:
            raise ValueError("--yes, --swap and --no-flip contradict each other; give one of them")
        self.yes, self.pairs, self.none = yes, pairs, none

    def decide(self, category: Category) -> tuple[int, ...]:
        """Return the swaps of a category.

        Raises:
            ValueError: if somebody has to confirm them and cannot be asked.
        """
        from posekit.labels.keypoint_set_file import pairs_text, proposed_swaps

        names, alone = category.keypoints, tuple(range(len(category.keypoints)))
        if self.none or self.pairs:
            return self._given(category, self.pairs)
        if category.swaps is not None:
            typer.echo(f"flip    {pairs_text(category, category.swaps)}, as the source states")
            return category.swaps
        swaps = proposed_swaps(names)
        if swaps == alone:
            typer.echo("flip    no pairs, as no two names differ in left and right; if that is wrong, give --swap A:B")
            return swaps
        typer.echo(f"flip    proposed to trade places in a mirrored image: {pairs_text(category, swaps)}")
        return swaps if self.yes or self._confirmed() else self._typed(category)

    def _confirmed(self) -> bool:
        if not asks():
            raise ValueError(
                "the flip pairs above need to be confirmed: give --yes, or --swap A:B for each pair, or --no-flip"
            )
        return typer.confirm("        is that right?", default=True)

    def _typed(self, category: Category) -> tuple[int, ...]:
        text = typer.prompt("        pairs as A:B, separated by spaces; empty for none", default="", show_default=False)
        return self._given(category, text.split())

    def _given(self, category: Category, pairs: Sequence[str]) -> tuple[int, ...]:
        from posekit.labels.keypoint_set_file import pairs_text, swaps_from_pairs

        swaps = swaps_from_pairs(category.keypoints, pairs)
        typer.echo(f"flip    {pairs_text(category, swaps)}, as given")
        return swaps
