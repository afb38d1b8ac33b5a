# Goes on from the 96x96 run with images that show more, in smaller batches: four times as many steps per epoch.
_base_ = "resnet-18-c4_lspet-96x96.py"
load_from = "work_dirs/resnet-18-c4_lspet-96x96/last.pth"
input_size = (128, 128)
batch_size = 16
lr = 5e-4
max_epochs = 36
val_interval = 3
