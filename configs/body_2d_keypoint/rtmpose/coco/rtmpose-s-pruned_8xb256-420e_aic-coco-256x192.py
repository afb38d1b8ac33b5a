_base_ = "./rtmpose-s_8xb256-420e_aic-coco-256x192.py"
backbone = "cspnext_pruned"
pruned_on = "aic_coco"
pretrained = None
