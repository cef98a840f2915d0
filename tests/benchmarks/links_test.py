"""Contract: what a document links to in the repository is there, the heading behind # included.

links_test.py ROOT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1]).resolve()
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(text):
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def broken(document):
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if re.match("[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or not target.is_relative_to(root):
            yield f"{document.relative_to(root)}: {link}: there is no such file"
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{document.relative_to(root)}: {link}: there is no such heading"


documents = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/**/*.md")]
links = [text for document in documents for text in broken(document)]
if not documents or links:
    sys.exit("\n".join(links) or f"{root}: no document")
