"""The loom: the book's pages to its package, tests, notebooks and site.

A page's text becomes blocks, and everything else is made of these. The rooms in reading
order; each uses only those before it:

problem     what is wrong, where, what to do about it
blocks      the kinds of block that a page is made of
inline      code, formulas, links and words within a text
numbers     the numbers in what is printed, and how near two have to be
scan        a page's lines to blocks, one reader a kind
page        one Markdown file: its blocks, its cells, its text back to the byte
disk        files: read as plain text, written at once, only what differs
book        the pages in order: chapters, labels and their numbers, definitions
names       what a piece of Python sets, reads and imports
check/      every rule of the grammar, and only here

imports     the imports at the top of a tangled file
tangle      the book to the package; edits by hand are kept

capture     what a block prints, by whatever way, and what it draws
run         a page's code run in order, in one namespace
inside      a page's own process, in which that is done
copies      one such process that is ready, and copied for each page
apart       that process from outside: begun, asked, held to limits, ended
curves      two curves in the same axes: how far they lie apart
pictures    two pictures beside each other
compare     what was printed and drawn beside what the page shows
record      what was printed and drawn, written into the page
collect     each block of each page a test

edition     the editions, and which words each has; the site's own are in words.toml
markdown    a page in one edition: how headings, captions, links come out
notebook    a page in one edition as a notebook: what its cells show
weave       an edition's files on disk

site/       the woven files to HTML. html, figures, formulas, labs: passes over a
            page; nav, search, settle, assets: what a build needs beside pages; made: an
            edition, and what of it has to be made anew; build, serve: who starts
            MkDocs; live: what is served follows the pages; plugin: the one door, which
            uses all. draw/, paths/, steps/: what readers do; theme/, root/, notebook/:
            scripts, styles, templates
cli         the verbs of the command `fishbook`
"""
