"""The verbs of the command `fishbook`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError, refuse

FOLDER = click.Path(file_okay=False, path_type=Path)
EXTRAS = {
    "isort": "loom",
    "markdown_it": "loom",
    "sybil": "test",
    "matplotlib": "plot",
    "jinja2": "site",
    "mkdocs": "site",
}


class Verbs(click.Group):
    """A group whose mistakes of a reader's end in one message and exit 1."""

    def invoke(self, ctx: click.Context) -> object:
        # A terminal may not know all letters of a file's name.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (LoomError, OSError) as error:
            raise click.ClickException(str(error)) from None
        except ModuleNotFoundError as error:
            module = (error.name or "").partition(".")[0]
            if module not in EXTRAS:
                raise
            install = f"pip install 'fishbook[{EXTRAS[module]}]'"
            raise click.ClickException(f"this needs {module}; {install}") from None


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fishbook")
def main() -> None:
    """Make package, tests, notebooks and site from the pages in docs/.

    Works on the book in the current directory.
    """


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; show diffs.")
@click.option("--force", is_flag=True, help="Overwrite what was edited by hand.")
def tangle(only_check: bool, force: bool) -> None:
    """Write the package's modules from the pages' titled blocks."""
    from fishbook.loom.disk import KEPT
    from fishbook.loom.tangle import differences, write

    book = Book.load(Path.cwd())
    if not only_check:
        for name in write(book, force=force):
            kept = name.startswith(f"{KEPT}/")
            did = "wrote" if (book.root / name).exists() else "deleted"
            click.echo(f"{'kept the old text in' if kept else did} {name}")
    elif found := differences(book):
        raise LoomError([*found, "the package differs; run `fishbook tangle`"])


@main.command()
def check() -> None:
    """Check the book's grammar: twins, anchors, links, names, fences."""
    from fishbook.loom.check import check as problems_of
    from fishbook.loom.check import missing

    book = Book.load(Path.cwd())
    refuse([*problems_of(book), *missing(book)])
    blocks = sum(len(page.cells) for page in book.pages)
    click.echo(f"{len(book.pages)} pages, {blocks} blocks: no problems")


@main.command()
@click.argument("pages", nargs=-1, type=click.Path(exists=True, path_type=Path))
def record(pages: tuple[Path, ...]) -> None:
    """Run pages, or folders of pages, and write what they print and draw into them."""
    from fishbook.loom.record import record as record_book

    record_book(
        Book.load(Path.cwd()),
        pages,
        tell=lambda name: click.echo(f"wrote {name}"),
        note=lambda said: click.echo(said, err=True),
    )


@main.command()
@click.argument("folder", type=FOLDER, default=Path("woven"))
@click.option("--site-url", default="", help="Where the site stands, for links.")
def weave(folder: Path, site_url: str) -> None:
    """Write plain Markdown and notebooks of each edition into FOLDER."""
    from fishbook.loom.edition import EDITIONS
    from fishbook.loom.weave import weave_edition

    book = Book.load(Path.cwd())
    if folder.resolve() == book.root.resolve():
        raise LoomError([f"{folder}: this is the book's own folder; name another"])
    for edition in EDITIONS:
        weave_edition(book, edition, folder / edition, site_url)
        click.echo(f"wrote {folder / edition}")


@main.command()
@click.option("--strict", is_flag=True, help="Let warnings stop the build.")
def build(strict: bool) -> None:
    """Build the site, all editions, into site/."""
    from fishbook.loom.site.build import build as build_site

    build_site(Path.cwd(), strict=strict)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default="8000"
)
def serve(host: str, port: int) -> None:
    """Serve the site, all editions, and reload it on a change."""
    from fishbook.loom.site.serve import serve as serve_site

    serve_site(Path.cwd(), host=host, port=port)


if __name__ == "__main__":
    main()
