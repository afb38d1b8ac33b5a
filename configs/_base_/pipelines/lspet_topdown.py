# Steps of the pipelines on Leeds Sports Pose Extended; small photographs, decoded once and kept in memory.
load = [dict(type="LoadImage", cache="ram"), dict(type="GetBBoxCenterScale")]
augment = [
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomBBoxTransform", scale_factor=[0.7, 1.3], rotate_factor=60),
]
