"""What is explained: the images of a task and the models that classify them, by name.

`images.load_images` is what a study needs beside `igpaths.load_model`. The objects task is drawn on the fly
(`objects`, `networks`, `training`); the imagenet task reads a folder of photographs (`imagenet`); `models` knows the
names of the objects task's networks, without importing torch.
"""
