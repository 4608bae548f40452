"""Finds what GCC 12 miscompiles (double free, use after free) or what cannot work in a coroutine:

- brace: a braced value inside a co_await expression, `co_await f({..})`, `co_await f(Opt{..})`,
  `f({.a = co_await g()})`. A type with a constructor would be fine, but one cannot see that here:
  name it first, then await. An empty `{}` is no exception.
- lambda: a capturing lambda inside a co_await expression.
- ternary: `c ? co_await a() : co_await b()`.
- range: `for (auto& x : co_await f())`.
- catch: co_await inside a catch block.
- member: `co_await member_`, which goes wrong when compiled with -fsanitize=undefined: await a local.
"""

import re
from typing import NamedTuple


class Finding(NamedTuple):
    line: int
    kind: str


_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#(?:[^\n\\]|\\\n|\\.)*)
      |(?P<raw>(?:u8|[uUL])?R"(?P<delim>[^()\\\s]{0,16})\(.*?\)(?P=delim)")
      |(?P<text>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+')
      |(?P<word>[A-Za-z_]\w*|\d(?:[\w.]|'\w)*)
      |(?P<sign>::|->|\[\[|\]\]|&&|\|\||[-+*/%&|^=!<>]=|<<|.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE)


def tokens(source):
    """(token, line), without comments, preprocessor lines and the insides of strings."""
    out, line = [], 1
    for match in _TOKEN.finditer(source):
        piece, kind = match.group(), match.lastgroup
        if kind != "skip":
            out.append(('""' if kind in ("raw", "text", "delim") else piece, line))
        line += piece.count("\n")
    return out


_OPEN = {"(": ")", "[": "]", "{": "}", "[[": "]]"}
_CLOSE = set(_OPEN.values())
# A { behind one of these begins a block of statements, not a value.
_BLOCK_AFTER = {")", ";", "{", "}", "else", "do", "try", "const", "noexcept", "mutable", "override", "final", ""}


def _partners(words):
    """index of a bracket -> index of its partner. `]]` may be two closing brackets as well."""
    partner, open_at = {}, []
    for i, word in enumerate(words):
        if word in _OPEN:
            open_at.append(i)
        elif word in _CLOSE and open_at:
            if word == "]]" and words[open_at[-1]] == "[":
                partner[open_at.pop()] = i
                if open_at and words[open_at[-1]] == "[":
                    partner[open_at.pop()] = i
                continue
            start = open_at.pop()
            partner[start], partner[i] = i, start
    return partner


def _is_lambda_start(words, i):
    """A [ that introduces a lambda rather than an index or an attribute."""
    before = words[i - 1] if i else ""
    return words[i:i + 1] == ["["] and (before in ("(", ",", "=", "{", "return", "co_return", "co_await", "&&", "||", "?", ":", "!", "<<")
                                or before == "")


def _lambda_body(words, partner, i):
    """The { of the lambda that starts at i, or None."""
    j = partner.get(i, len(words)) + 1
    while j < len(words) and words[j] not in ("{", ";", ")"):
        j = partner[j] + 1 if words[j] == "(" and j in partner else j + 1
    return j if j < len(words) and words[j] == "{" else None


def _look_inside(words, partner, begin, end, found):
    """Values and lambdas that are built between two brackets of a co_await expression."""
    i = begin
    while i < end:
        if _is_lambda_start(words, i):
            close = partner.get(i, i)
            if close > i + 1:
                found("lambda", i)
            body = _lambda_body(words, partner, i)
            if body is None or body not in partner:
                i = close + 1
                continue
            i = partner[body] + 1  # statements of its own
            continue
        if words[i] == "{":
            found("brace", i)
        i += 1


def _is_value_brace(words, i):
    before = words[i - 1] if i else ""
    if before == ":":  # of a conditional, not of a label
        j = i - 2
        while j >= 0 and words[j] not in (";", "{", "}", "?", "case", "default"):
            j -= 1
        return j >= 0 and words[j] == "?"
    return before in ("(", ",", "=", "return", "co_return", "co_await", "<<", "?") or (
        before not in _BLOCK_AFTER and (re.match(r"[A-Za-z_]", before) or before == ">"))


def _declares_a_block(words, partner, i):
    """A { behind a word that still begins a block: struct X {, namespace a {, -> T {, a class's body."""
    j = i - 1
    while j >= 0 and words[j] not in (";", "{", "}", "(", ","):
        if words[j] in ("struct", "class", "enum", "union", "namespace", "->"):
            return True
        j = partner[j] - 1 if words[j] in (")", "]") and j in partner else j - 1
    return False


def find(source):
    """All findings in one source text, in order."""
    pairs = tokens(source)
    words = [word for word, _ in pairs]
    partner = _partners(words)
    findings = set()

    def found(kind, i):
        findings.add(Finding(pairs[i][1], kind))

    for at, word in enumerate(words):
        if word == "catch" and at + 1 in partner and words[partner[at + 1] + 1:partner[at + 1] + 2] == ["{"]:
            body = partner[at + 1] + 1
            for i in range(body, partner.get(body, body)):
                if words[i] == "co_await":
                    found("catch", i)
        if (word == "co_await" and re.fullmatch(r"[A-Za-z_]\w*_", words[at + 1] if at + 1 < len(words) else "")
                and words[at + 2:at + 3] in ([";"], [")"], [","], ["=="], ["!="])):
            found("member", at)
        if word == "for" and words[at + 1:at + 2] == ["("] and at + 1 in partner:
            is_range, i, close = False, at + 2, partner[at + 1]
            while i < close:
                if words[i] == ";":
                    break
                if words[i] == ":":
                    is_range = True
                if is_range and words[i] == "co_await":
                    found("range", i)
                i = partner[i] + 1 if not is_range and words[i] in _OPEN and i in partner else i + 1
        if word != "co_await":
            continue

        # The operand: names and brackets, as in  ns::a(..).b<T>(..)->c[..](..)
        i = at + 1
        if _is_lambda_start(words, i):
            body = _lambda_body(words, partner, i)
            if partner.get(i, i) > i + 1:
                found("lambda", i)
            i = partner.get(body, i) + 1
        while i < len(words):
            if words[i] in ("(", "["):
                close = partner.get(i, i)
                _look_inside(words, partner, i + 1, close, found)
                i = close + 1
            elif words[i] == "{" and re.match(r"[A-Za-z_]\w*$|>", words[i - 1]) and words[i - 1] != "co_await":
                found("brace", i)
                i = partner.get(i, i) + 1
            elif re.match(r"[A-Za-z_]\w*$", words[i]) or words[i] in ("::", ".", "->", "*", "&", "!"):
                if i > at + 1 and re.match(r"[A-Za-z_]\w*$", words[i - 1]) and re.match(r"[A-Za-z_]", words[i]):
                    break
                if words[i] in ("*", "&", "!") and (re.match(r"\w", words[i - 1]) or words[i - 1] in (")", "]")) \
                        and words[i - 1] != "co_await":
                    break
                i += 1
            elif words[i] == "<" and _template_end(words, i):
                i = _template_end(words, i)
            else:
                break

        # Outwards: what encloses it in the same statement.
        i = at - 1
        while i >= 0:
            if words[i] in (")", "]", "}", "]]") and i in partner:
                if words[i] == "}" and not _is_value_brace(words, partner[i]):
                    break  # the statement before
                i = partner[i] - 1
                continue
            if words[i] == ";":
                break
            if words[i] == "{":
                if not _is_value_brace(words, i) or _declares_a_block(words, partner, i):
                    break
                found("brace", i)
            if words[i] in ("(", "{"):
                _siblings(words, partner, i, at, found)
            if words[i] == "?":
                found("ternary", at)
            i -= 1
    return sorted(findings)


def _siblings(words, partner, start, at, found):
    """Values built beside a co_await in one argument list: `g(Opt{..}, co_await f())`."""
    if words[start] != "(" or start == 0 or not re.match(r"[A-Za-z_]\w*$|>", words[start - 1]):
        return
    if words[start - 1] in ("if", "while", "for", "switch", "catch", "return", "co_return", "co_await"):
        return
    i, close = start + 1, partner.get(start, start)
    while i < close:
        if words[i] == "{" and _is_value_brace(words, i):
            found("brace", i)
        i = partner[i] + 1 if words[i] in _OPEN and i in partner else i + 1


def _template_end(words, i):
    """The index behind the > that closes the < at i when that looks like template arguments."""
    depth = 0
    for j in range(i, min(i + 40, len(words))):
        if words[j] == "<":
            depth += 1
        elif words[j] == ">":
            depth -= 1
            if depth == 0:
                return j + 1 if words[j + 1:j + 2] in (["("], ["::"], ["{"]) else None
        elif not re.match(r"\w|::|,|\*|&", words[j]):
            return None
    return None
