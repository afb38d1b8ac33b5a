# From an image and a box to the network's input and its target.
codec: dict | list
input_size: tuple
udp: bool = False
half_body: bool = True
half_body_prob: float = 0.3
jitter: dict = {}  # how far boxes move, grow and turn: the arguments of RandomBBoxTransform
flip_first: bool = True
padding: float = 1.25
load_image: dict = {}  # arguments of LoadImage; cache="ram" keeps small images, decoded, in memory
val_load_image: dict = load_image
before_crop: list = []  # steps on the whole image
after_crop: list = []  # steps on the crop, such as changes of colour
target: dict = {}  # further arguments of GenerateTarget
frame = dict(type="GetBBoxCenterScale", padding=padding)
flip = [dict(type="RandomFlip", direction="horizontal")]
crop = dict(type="TopdownAffine", input_size=input_size, use_udp=udp)
train_pipeline = [
    dict(type="LoadImage", **load_image),
    frame,
    *(flip if flip_first else []),
    *before_crop,
    *([dict(type="RandomHalfBody", prob=half_body_prob)] if half_body else []),
    dict(type="RandomBBoxTransform", **jitter),
    *([] if flip_first else flip),
    crop,
    *after_crop,
    dict(type="GenerateTarget", encoder=codec, **target),
    dict(type="PackPoseInputs"),
]
val_pipeline = [dict(type="LoadImage", **val_load_image), frame, crop, dict(type="PackPoseInputs")]
data_preprocessor = dict(
    type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
)
