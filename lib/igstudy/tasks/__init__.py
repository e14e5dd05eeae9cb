"""What is explained: the images of a task and the models that classify them, by name.

`images.load_images` is what a study needs beside `igpaths.load_model`. The objects task is drawn on the fly
(`objects`, `networks`, `training`); `models` knows the names of its networks, without importing torch. The other tasks
are of photographs (`photographs`): those that packages ship, and those of a folder (`folders`).
"""

FOLDERS = ("imagenet", "folder")  # the tasks whose photographs are the reader's
TASKS = ("objects", "photographs", *FOLDERS)
