"""Every message of the code that people read, found in the sources."""
import re

from support.cluster import ROOT

# Which argument of these is a format that is translated.
FORMATS = {"fault_add": 3, "report": 3, "report_whole": 3, "request_fault": 2, "say": 3}
STRING = r'"(?:[^"\\]|\\.)*"'
SOURCES = sorted([*(ROOT / "lib").glob("*.c"), *(ROOT / "server").rglob("*.c")])


def literal(text):
    """The value of a C expression that is nothing but string literals; None for another."""
    if not re.fullmatch(rf"\s*(?:{STRING}\s*)+", text):
        return None
    return "".join(re.findall(STRING, text)).replace('""', "").strip('"').replace(r"\"", '"').replace(r"\\", "\\")


def arguments(source, start):
    """The arguments of the call whose parenthesis opens at `start`."""
    depth, parts, i = 0, [""], start
    while i < len(source):
        string = re.match(STRING, source[i:])
        piece = string[0] if string else source[i]
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth == 0:
            return parts
        if piece == "," and depth == 1:
            parts.append("")
        elif i > start:
            parts[-1] += piece
        i += len(piece)


def in_source(source):
    """The messages of a file, and the formats that are no literals."""
    found, unclear = set(), []
    for call in re.finditer(rf"(?<![\w*])({'|'.join(FORMATS)}|MESSAGE)\(", source):
        parts = arguments(source, call.end() - 1)
        text = parts[FORMATS.get(call[1], 0)] if len(parts) > FORMATS.get(call[1], 0) else ""
        if re.match(r"\s*(const )?(char|struct text) ?\*?", text) or "..." in parts[-1]:
            continue  # the declaration
        if literal(text) is None:
            unclear.append(f"{call[1]}({','.join(parts)})")
        elif re.sub(r"%\S+", "", literal(text)).strip():
            found.add(literal(text))
    return found, unclear


def titles():
    """Of the problems."""
    table = (ROOT / "build/dev/woven/problems.gen.h").read_text().split("#define PROBLEMS(X)")[1].replace("\\\n", " ")
    return {literal(arguments(table, row.end() - 1)[3]) for row in re.finditer(r"\bX\(", table)}


def of_framing():
    """Why a head is refused: sentences that are returned."""
    return set(re.findall(r'"([A-Z][^"]* [^"]*\.)"', (ROOT / "lib/framing.c").read_text()))


def all_messages():
    found, unclear = titles() | of_framing(), []
    for path in SOURCES:
        here, not_here = in_source(path.read_text())
        found |= here
        unclear += [f"{path.relative_to(ROOT)}: {call}" for call in not_here]
    return found, unclear
