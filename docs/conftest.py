"""Every code block of every page is a test."""

from pathlib import Path

from fishbook.loom.collect import collector

pytest_collect_file = collector(Path(__file__).parent.parent)
