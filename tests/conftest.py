"""Tests run as the project's own processes do: they keep the memory that they free, and leave other work its cores."""

from igpaths.process import settle

settle()
