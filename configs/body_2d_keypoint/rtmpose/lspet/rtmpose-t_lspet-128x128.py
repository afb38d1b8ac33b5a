# A third of the pixels of rtmpose-t_lspet-256x192, so more epochs in the same time.
_base_ = "rtmpose-t_lspet-256x192.py"
input_size = (128, 128)
max_epochs = 50
val_interval = 5
after_crop = [dict(type="YOLOXHSVRandomAug")]
