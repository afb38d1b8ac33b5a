# CSPNeXt-s with the channels that GroupFisher (arXiv 2108.00708) left it, on COCO or on COCO with AI Challenger.
pruned_on: str = "coco"
size = "s"
at_coco = pruned_on == "coco"
_base_ = "cspnext.py"
stem = [8, 10, 11] if at_coco else [8, 9, 9]
# Each stage's first convolution, its CSP layer's short, main and final one, and the first ones of its blocks.
stages = (
    [(32, 32, 23, 25, [25]), (71, 61, 62, 69, [57, 59]), (177, 122, 123, 171, [125, 123]), (351, 183, 216, 187, [238])]
    if at_coco
    else [
        (32, 30, 29, 27, [24]),
        (62, 63, 64, 65, [56, 62]),
        (167, 127, 128, 172, [124, 123]),
        (337, 188, 227, 163, [238]),
    ]
)
channels = stages[-1][3]
model = dict(
    backbone=dict(
        pruned_channels={
            **{f"stem.{i}.conv": stem[i] for i in range(3)},
            **{f"stage{i + 1}.0.conv": stages[i][0] for i in range(4)},
            "stage4.1.conv1.conv": 256,
            "stage4.1.conv2.conv": 367 if at_coco else 379,
            **{
                f"stage{i + 1}.{1 + i // 3}.{('short', 'main', 'final')[k]}_conv.conv": stages[i][1 + k]
                for i in range(4)
                for k in range(3)
            },
            **{
                f"stage{i + 1}.{1 + i // 3}.blocks.{k}.conv1.conv": stages[i][4][k]
                for i in range(4)
                for k in range(len(stages[i][4]))
            },
            "stage4.2.blocks.0.conv2.pointwise_conv.conv": 195,
        },
    ),
)
