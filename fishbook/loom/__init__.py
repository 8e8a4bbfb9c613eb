"""The loom: the book's chapters to its package, tests, notebooks and site."""
