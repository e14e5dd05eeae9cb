"""The study engine: every measure of every map of every image, once, and what both papers claim beside it.

The examples of these docstrings go on from one small study, whose store is a new folder:

>>> import tempfile
>>> from igstudy.engine.parameters import Parameters
>>> study = Parameters(
...     models=["objects/resnet"], images=2, paths=["straight"], steps=[4, 8], metrics=["completeness"],
...     protocols=["igpaths"], threads=1, results=tempfile.mkdtemp(),
... )
"""
