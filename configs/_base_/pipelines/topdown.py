# From an image and a box to the network's input and its target.
codec: dict | list
input_size: tuple
udp: bool = False
half_body: bool = True
jitter: dict = {}  # how far boxes move, grow and turn: the arguments of RandomBBoxTransform
flip_first: bool = True
padding: float = 1.25
cache: str | None = None  # "ram" keeps small images, decoded, in memory
after_crop: list = []  # steps on the crop, such as changes of colour
target: dict = {}  # further arguments of GenerateTarget
load = [
    dict(type="LoadImage", **(dict(cache=cache) if cache else {})),
    dict(type="GetBBoxCenterScale", padding=padding),
]
flip = [dict(type="RandomFlip", direction="horizontal")]
crop = dict(type="TopdownAffine", input_size=input_size, use_udp=udp)
train_pipeline = [
    *load,
    *(flip if flip_first else []),
    *([dict(type="RandomHalfBody")] if half_body else []),
    dict(type="RandomBBoxTransform", **jitter),
    *([] if flip_first else flip),
    crop,
    *after_crop,
    dict(type="GenerateTarget", encoder=codec, **target),
    dict(type="PackPoseInputs"),
]
val_pipeline = [*load, crop, dict(type="PackPoseInputs")]
data_preprocessor = dict(
    type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
)
