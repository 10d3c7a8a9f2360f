"""An MkDocs hook: pages link to each other as the repository lays them, and the site follows.

What lies outside docs/ and is in the navigation or linked from a page becomes a page too: Markdown as it is, other files as
a listing, folders as a list of their files. Links are turned from paths in the repository into paths in the site."""
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

root = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)
NAMED_FENCE = re.compile(r"^( *```\w+) (\S+)$", re.M)
SCHEME = re.compile(r"[a-z]+:|#|/")
LANGUAGES = {"CMakeLists.txt": "cmake", ".py": "python", ".mjs": "js", ".cpp": "cpp", ".hpp": "cpp", ".toml": "toml", ".ts": "ts",
             ".tsx": "tsx", ".sh": "sh", ".json": "json", ".html": "html"}

repository_paths: dict[str, str] = {}  # by path in the site's sources


def site_path(path: str) -> str:
    """Where a file or folder of the repository is among the site's sources."""
    place = root / path
    if place.is_dir():
        path = posixpath.join(path, "README.md" if (place / "README.md").exists() else "index.md")
    elif not path.endswith(".md") and not path.startswith("docs/"):
        path += ".md"
    return path.removeprefix("docs/")


def link_targets(markdown: str) -> list[str]:
    return [target for _, target, _ in LINK.findall(FENCE.sub("", markdown)) if not SCHEME.match(target)]


def resolve(page: str, target: str) -> tuple[str, str]:
    """The path in the repository that a link of a page means, and its anchor."""
    path, mark, anchor = target.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)), mark + anchor


def listing(path: str) -> str:
    place = root / path
    if place.is_dir():
        names = sorted(one.name for one in place.iterdir() if one.is_file() and not one.name.startswith("."))
        return f"# {path}\n\n" + "".join(f"- [{name}]({name})\n" for name in names)
    language = LANGUAGES.get(place.name) or LANGUAGES.get(place.suffix, "text")
    return f"# {path}\n\n~~~~{language}\n{place.read_text()}\n~~~~\n"


def add_page(path: str, files: Files, config: MkDocsConfig) -> str:
    """Adds a page for a file or folder of the repository; gives its Markdown."""
    uri = site_path(path)
    text = (root / path).read_text() if path.endswith(".md") else ""
    if (root / path).is_dir():
        readme = root / path / "README.md"
        if readme.exists():
            return add_page(f"{path}/README.md", files, config)
        repository_paths[uri] = f"{path}/index.md"
    else:
        repository_paths[uri] = path
    if files.get_file_from_path(uri) is None:
        text = text or listing(path)
        files.append(File.generated(config, uri, content=text))
    return text


def on_files(files: Files, config: MkDocsConfig) -> Files:
    repository_paths.clear()
    texts = {}
    for file in list(files):
        if file.is_documentation_page():
            repository_paths[file.src_uri] = f"docs/{file.src_uri}"
            texts[f"docs/{file.src_uri}"] = file.content_string
    listed = re.findall(r"[\w./]+\.md", str(config.nav))
    waiting = [path for path in listed if path not in repository_paths]
    for page, text in texts.items():
        waiting += [resolve(page, target)[0] for target in link_targets(text)]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not (root / path).exists() or (path.startswith("docs/") and (root / path).is_file()):
            continue
        seen.add(path)
        text = add_page(path, files, config)
        page = repository_paths.get(site_path(path), path)
        waiting += [resolve(page, target)[0] for target in link_targets(text)]
    return files


def on_page_markdown(markdown: str, page, **_: object) -> str:
    here = repository_paths[page.file.src_uri]

    def turned(found: re.Match) -> str:
        before, target, after = found.groups()
        if SCHEME.match(target):
            return found[0]
        path, anchor = resolve(here, target)
        if not (root / path).exists():
            return found[0]  # MkDocs says so
        return before + posixpath.relpath(site_path(path), posixpath.dirname(page.file.src_uri) or ".") + anchor + after

    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(turned, markdown[end:fence.start()]), named(fence[0])]
        end = fence.end()
    return "".join(parts) + LINK.sub(turned, markdown[end:])


def named(fence: str) -> str:
    """A block's name is for the tests; readers see it where it is a file's."""
    return NAMED_FENCE.sub(lambda found: f'{found[1]} title="{found[2]}"' if "." in found[2] else found[1], fence, count=1)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    version = re.search(r"project\(\s*fanfare\s+VERSION\s+([\d.]+)", (root / "CMakeLists.txt").read_text(), re.I)
    config.copyright = f"Fanfare {version[1]}, under the Apache License 2.0"
    return config
