"""Every code block of every chapter is a test."""

from pathlib import Path

from fishbook.loom.collect import collector

pytest_collect_file = collector(Path(__file__).parent.parent)
