# Published configs inherit a file of this name for test-time augmentation, which detectors do without here.
