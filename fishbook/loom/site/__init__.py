"""The site: MkDocs plugin, build and serve, and what each page's HTML gets."""

from fishbook.loom.site.plugin import Desk, EditionsServer, FishbookPlugin, build, serve

__all__ = ["Desk", "EditionsServer", "FishbookPlugin", "build", "serve"]
