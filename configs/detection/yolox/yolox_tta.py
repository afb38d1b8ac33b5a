# Published configs of detectors inherit a file of this name for test-time augmentation, which posekit does without.
