"""Deep learning from scratch with NumPy: the package that the book's chapters make."""

__version__ = "0.1.0"
